/* Brings to life what the server held back, once it is allowed: gates, scripts, frames, pictures;
   and shows the settings in a dialog. Fetched when there is something to open, and not before. */
export const opener = (nonce, isAllowed, styled, lang) => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const ran = new WeakSet();
  let queue = Promise.resolve();

  // Scripts run one after another in document order, as a parser would have run them.
  const run = (inert) => {
    if (ran.has(inert)) return;
    ran.add(inert);
    const script = document.createElement("script");
    const { src, type } = inert.dataset;
    for (const { name, value } of inert.attributes) {
      if (!/^(type|data-(src|type|consent|category))$/.test(name)) script.setAttribute(name, value);
    }
    if (src) script.src = src;
    if (type) script.type = type;
    const async = inert.hasAttribute("async");
    Object.assign(script, { text: inert.text, nonce: inert.nonce || nonce, async });
    const waits = script.src && !script.async && script.type !== "module";
    queue = queue.then(() => new Promise((done) => {
      if (waits) script.onload = script.onerror = done;
      inert.replaceWith(script);
      if (!waits) done();
    }));
  };

  const FRAME = "iframe[name^=visitor-choice-]";
  const stands = (element, name) =>
    Boolean(element?.matches(`.vc-embed, ${FRAME}`)) && element.dataset.service === name;

  // The focus goes on to what was opened, even if that takes none by itself.
  const replace = (placeholder, opened) => {
    const focused = placeholder.contains(document.activeElement);
    // What a script of the page did to the look of the one holds for the other.
    if (placeholder.matches(FRAME) && opened?.matches("iframe")) {
      opened.hidden = placeholder.hidden;
      if (placeholder.hasAttribute("class")) opened.className = placeholder.className;
      if (placeholder.hasAttribute("style")) opened.style.cssText = placeholder.style.cssText;
    }
    placeholder.remove();
    if (focused && opened) Object.assign(opened, { tabIndex: opened.tabIndex }).focus();
  };

  const open = (gate) => {
    const content = document.importNode(gate.content, true);
    const first = content.firstElementChild;
    const scripts = all("script:not([type='text/plain'])", content);
    // Made inert first: an inserted script would run at once, out of order.
    for (const script of scripts) {
      if (script.type) script.dataset.type = script.type;
      script.type = "text/plain";
      script.dataset.consent = gate.dataset.consent;
      delete script.dataset.category;
    }
    const next = gate.nextElementSibling;
    const isOurs = stands(next, gate.dataset.consent) || next?.matches("style[data-stand-in]");
    gate.replaceWith(content);
    if (isOurs) replace(next, first);
    return scripts;
  };

  // What these load is settled when they come into the page, not when they change.
  const SETTLED = "link, object, embed, source, track, meta, base, input, param";

  // What visitors write may pass a site's sanitizer with data-held in it: only what loads is given
  // back, and nothing that runs. A held srcdoc or javascript: waits for the next page.
  const LOADS = new RegExp(`^(${"src srcset imagesrcset href xlink:href data poster background "
    + "lowsrc dynsrc code codebase classid archive manifest ping attributionsrc style content value"
  }`.replaceAll(" ", "|") + ")$");
  const runs = (value) => /^javascript:/i.test(value.replace(/[\0- ]/g, ""));

  const unhold = (element) => {
    const { consent, held } = element.dataset;
    for (const name of held.split(" ")) {
      const value = LOADS.test(name) && element.getAttribute(`data-held-${name}`);
      if (typeof value === "string" && !runs(value)) element.setAttribute(name, value);
      element.removeAttribute(`data-held-${name}`);
    }
    element.removeAttribute("data-held");
    element.removeAttribute("data-consent");
    const before = element.previousElementSibling;
    const isPlaced = stands(before, consent);
    if (isPlaced) element.hidden = false;
    const settled = element.matches(SETTLED) ? element.cloneNode(true) : element;
    if (settled !== element) element.replaceWith(settled);
    settled.closest("video, audio")?.load();
    if (isPlaced) replace(before, settled);
  };

  const INERT = "script[type='text/plain']:is([data-category], [data-consent])";

  const release = () => {
    const closed = new Set();
    const next = () => all(`template[data-consent], ${INERT}, [data-held]`)
      .find((gate) => !closed.has(gate) && !ran.has(gate));
    for (let gate = next(); gate; gate = next()) {
      if (!isAllowed(gate)) closed.add(gate);
      else if (gate.content) open(gate);
      else if (gate.matches(INERT)) run(gate);
      else unhold(gate);
    }
  };

  // Shows one embed whose service stays refused: the placeholder stands behind a gate, or before
  // what was held.
  const once = (placeholder) => {
    const gate = placeholder.previousElementSibling;
    const held = placeholder.nextElementSibling;
    if (gate?.content && gate.dataset.consent === placeholder.dataset.service) {
      open(gate).forEach(run);
    } else {
      [...all("[data-held]", held), held].forEach(unhold);
    }
  };

  // The form is sent from outside of any form of the site's, with the placeholder's own alert in
  // it: the script keeps that, and it goes back at once.
  const always = (placeholder) => {
    const inside = placeholder.contentDocument || placeholder;
    const holder = inside.querySelector("template").content.firstElementChild.cloneNode(true);
    const alert = inside.querySelector("[role=alert]");
    const place = alert.nextSibling;
    const form = holder.firstElementChild;
    document.body.append(holder);
    form.append(alert);
    form.requestSubmit(form.querySelector("button"));
    place.before(alert);
    holder.remove();
  };

  const answer = (link) => {
    const { ownerDocument: { defaultView: view }, dataset } = link;
    const placeholder = view === window ? link.closest(".vc-embed") : view.frameElement;
    (dataset.answer === "once" ? once : always)(placeholder);
  };

  // What stands for a frame is a document of its own: it takes over how the page has ours look, and
  // its answers are heard here.
  const LOOK = ["surface", "text", "muted", "border", "accent"]
    .map((name) => `--consent-${name}`).concat("font-family");

  const dress = (frame, onclick) => {
    const { contentDocument: inside } = frame;
    const body = inside?.querySelector(".vc-frame");
    if (!body) return;
    inside.addEventListener("click", onclick);
    const probe = document.createElement("i");
    probe.className = "visitor-choice";
    frame.after(probe);
    const [wanted, own] = [getComputedStyle(probe), getComputedStyle(body)];
    for (const name of LOOK) {
      body.style.removeProperty(name);
      const value = wanted.getPropertyValue(name);
      // What is the same by itself goes on following the time of day.
      if (value !== own.getPropertyValue(name)) body.style.setProperty(name, value);
    }
    probe.remove();
  };

  const dark = matchMedia("(prefers-color-scheme: dark)");
  let switched;
  const frames = (onclick) => {
    const redress = () => all(FRAME).forEach((frame) => dress(frame, onclick));
    for (const frame of all(FRAME)) frame.onload = () => dress(frame, onclick);
    redress();
    dark.onchange = redress;
    switched ||= new MutationObserver(redress);
    switched.observe(document.documentElement, { attributeFilter: ["data-consent-scheme"] });
  };

  // Fails where the settings cannot be had: then the link leads to their page.
  const settings = async (link) => {
    const url = new URL(link.href);
    url.searchParams.set("part", "1");
    const [reply] = await Promise.all([fetch(url), styled()]);
    if (!reply.ok) throw new Error();
    if (document.querySelector(".vc-dialog")) return;
    const dialog = document.createElement("dialog");
    Object.assign(dialog, { className: "visitor-choice vc-dialog", lang });
    dialog.innerHTML = await reply.text();
    dialog.setAttribute("aria-labelledby", "vc-title");
    document.body.append(dialog);
    dialog.onclose = () => dialog.remove();
    dialog.onclick = ({ target }) => {
      if (target === dialog || target.closest("[data-close]")) dialog.close();
    };
    dialog.showModal();
    const part = link.hash && dialog.querySelector(link.hash);
    if (!part) return;
    part.open = true;
    part.firstElementChild.focus();
    part.scrollIntoView();
  };

  return { release, answer, settings, frames };
};
