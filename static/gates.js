/* Brings to life what the server held back, once it is allowed: gates, scripts, frames, pictures.
   Fetched when something is to be opened, and not before. */
export const opener = (nonce, allows) => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const isAllowed = ({ dataset }) =>
    [dataset.consent, dataset.category].every((name) => !name || allows(name));
  const ran = new WeakSet();
  let queue = Promise.resolve();

  // Scripts run one after another in document order, as a parser would have run them.
  const run = (inert) => {
    if (ran.has(inert)) return;
    ran.add(inert);
    const script = document.createElement("script");
    const { src, type } = inert.dataset;
    for (const { name, value } of inert.attributes) {
      if (name !== "type" && !/^data-(src|type|consent|category)$/.test(name)) {
        script.setAttribute(name, value);
      }
    }
    if (src) script.src = src;
    if (type) script.type = type;
    script.text = inert.text;
    script.nonce = inert.nonce || nonce;
    script.async = inert.hasAttribute("async");
    const waits = script.src && !script.async && script.type !== "module";
    queue = queue.then(() => new Promise((done) => {
      if (waits) script.onload = script.onerror = done;
      inert.replaceWith(script);
      if (!waits) done();
    }));
  };

  const dropPlaceholder = (embed) => embed && embed.matches(".vc-embed") && embed.remove();

  // What some elements load is settled when they come into the page, not when they change.
  const INSERTED = "style, link, object, embed, source, track, meta, base, input, param";
  const unhold = (element) => {
    const { held = "", type } = element.dataset;
    const placed = element.previousElementSibling;
    if (placed && placed.dataset.service === element.dataset.consent) {
      dropPlaceholder(placed);
      element.hidden = false;
    }
    if (element.matches("style")) {
      if (type) element.type = type;
      else element.removeAttribute("type");
    }
    for (const name of held.split(" ").filter(Boolean)) {
      element.setAttribute(name, element.getAttribute(`data-held-${name}`));
      element.removeAttribute(`data-held-${name}`);
    }
    for (const name of ["held", "consent", "type"]) delete element.dataset[name];
    if (element.matches(INSERTED)) {
      element.replaceWith(element.cloneNode(true));
      const media = element.closest("video, audio");
      if (media) media.load();
    }
  };

  const isInert = "script[type='text/plain']:is([data-category], [data-consent])";
  const isHeld = "[data-held], style[type='text/plain'][data-consent]";

  // Made inert first: an inserted script would run at once, out of order.
  const open = (gate) => {
    dropPlaceholder(gate.nextElementSibling);
    const content = document.importNode(gate.content, true);
    const scripts = all("script:not([type='text/plain'])", content);
    for (const script of scripts) {
      if (script.type) script.dataset.type = script.type;
      if (script.hasAttribute("src")) script.dataset.src = script.getAttribute("src");
      script.removeAttribute("src");
      script.type = "text/plain";
      script.dataset.consent = gate.dataset.consent;
      delete script.dataset.category;
    }
    gate.replaceWith(content);
    return scripts;
  };

  const release = () => {
    const closed = new Set();
    const gates = `template[data-consent], ${isInert}, ${isHeld}`;
    const next = () => all(gates).find((gate) => !closed.has(gate) && !ran.has(gate));
    for (let gate = next(); gate; gate = next()) {
      if (!isAllowed(gate)) closed.add(gate);
      else if (gate.content) open(gate);
      else if (gate.matches(isInert)) run(gate);
      else unhold(gate);
    }
  };

  // Shows one embed although its service is not allowed: the placeholder stands after a gate, or
  // before what was held.
  const once = (embed) => {
    const gate = embed.previousElementSibling;
    const held = embed.nextElementSibling;
    if (gate && gate.content && gate.dataset.consent === embed.dataset.service) {
      const scripts = open(gate);
      scripts.forEach(run);
    } else if (held && held.dataset.held !== undefined) {
      all("[data-held]", held).forEach(unhold);
      unhold(held);
    }
  };

  return { release, once };
};
