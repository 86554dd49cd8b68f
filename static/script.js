/* Makes smooth what works without it: the banner answers without a reload, gates open in place,
   settings open in a dialog, and other tabs follow. It stores nothing and reads no cookie. */
"use strict";
(() => {
  const me = document.currentScript;
  if (document.documentElement.dataset.visitorChoice) return;
  document.documentElement.dataset.visitorChoice = "on";
  const { style, lang, error } = me.dataset;
  const base = new URL(me.src).pathname.replace(/\/[^/]*$/, "");
  const nonce = me.nonce || "";
  let allowed = new Set(me.dataset.allowed.split(" "));
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, className, text = "") =>
    Object.assign(document.createElement(tag), { className, textContent: text });

  /* ---- gates ---- */

  const isAllowed = ({ dataset }) =>
    [dataset.consent, dataset.category].every((name) => !name || allowed.has(name));
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

  const open = (gate) => {
    const held = gate.nextElementSibling;
    if (held && held.matches(".vc-embed")) held.remove();
    const content = document.importNode(gate.content, true);
    const scripts = all("script:not([type='text/plain'])", content);
    // Made inert first: an inserted script would run at once, out of order.
    for (const script of scripts) {
      if (script.type) script.dataset.type = script.type;
      script.type = "text/plain";
      script.dataset.consent = gate.dataset.consent;
      delete script.dataset.category;
    }
    gate.replaceWith(content);
    return scripts;
  };

  const release = () => {
    const closed = new Set();
    const gates = "template[data-consent], [type='text/plain']:is([data-category], [data-consent])";
    const next = () => all(gates).find((gate) => !closed.has(gate) && !ran.has(gate));
    for (let gate = next(); gate; gate = next()) {
      if (!isAllowed(gate)) closed.add(gate);
      else if (gate.content) open(gate);
      else run(gate);
    }
  };

  /* ---- what the visitor reads ---- */

  // What the first page has in itself comes as a file where something more is shown.
  let sheet;
  const styled = () => (sheet ||= new Promise((done) => {
    const link = make("link", "");
    Object.assign(link, { rel: "stylesheet", href: style, nonce });
    link.onload = link.onerror = done;
    document.head.append(link);
  }));

  let status;
  const say = async (reply) => {
    await styled();
    if (!status) {
      status = make("div", "visitor-choice");
      status.append(make("p", "vc-quiet"));
      status.firstChild.role = "status";
      document.body.append(status);
    }
    status.lang = reply.lang || lang;
    all(".vc-saved", status).forEach((old) => old.remove());
    status.firstChild.textContent = "";
    // A region that is there already is read out when its content changes (R109).
    setTimeout(() => { status.firstChild.textContent = reply.status; }, 100);
    if (!reply.reload) return;
    const box = make("div", "vc-saved");
    const actions = make("div", "vc-actions");
    const again = make("button", "vc-button", reply.reload);
    const close = make("button", "vc-button", reply.close);
    again.onclick = () => location.reload();
    close.onclick = () => box.remove();
    actions.append(again, close);
    const text = [`${reply.status} ${reply.renew}`, reply.foreign].filter(Boolean);
    box.append(...text.map((line) => make("p", "", line)), actions);
    status.append(box);
  };

  const leave = (element) => {
    element.classList.add("vc-leaving");
    setTimeout(() => element.remove(), 120);
  };

  const follow = (reply) => {
    const before = [...allowed].sort().join();
    allowed = new Set(reply.allowed);
    const banner = document.getElementById("visitor-choice");
    if (banner && !reply.asked.length) leave(banner);
    release();
    if (before !== [...allowed].sort().join()) {
      const detail = { allowed: [...allowed] };
      document.dispatchEvent(new CustomEvent("visitor-choice", { detail }));
    }
  };

  /* ---- other tabs, and pages brought back ---- */

  let channel;
  const join = () => {
    channel = new BroadcastChannel("visitor-choice");
    channel.onmessage = ({ data }) => {
      follow(data);
      if (data.reload) say(data);
    };
  };
  join();
  addEventListener("pagehide", () => channel.close());
  addEventListener("pageshow", async ({ persisted }) => {
    if (!persisted) return;
    join();
    try {
      const reply = await (await fetch(`${base}/state`, { cache: "no-store" })).json();
      // What runs in a page brought back, though withdrawn since, ends only with the page.
      if ([...allowed].some((name) => !reply.allowed.includes(name))) location.reload();
      else follow(reply);
    } catch { /* The next page shows what holds. */ }
  });

  /* ---- forms ---- */

  // What was asked has changed meanwhile: the new form takes the old one's place and says so.
  const renew = (old, html) => {
    old.insertAdjacentHTML("afterend", html);
    old.nextElementSibling.querySelector("[tabindex]").focus();
    old.remove();
  };

  const send = async (form, button) => {
    const alert = form.querySelector("[role=alert]");
    const body = new URLSearchParams(new FormData(form));
    if (button && button.name) body.set(button.name, button.value);
    form.ariaBusy = "true";
    if (alert) alert.textContent = "";
    try {
      const headers = { accept: "application/json" };
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers });
      const reply = { ...await answer.json(), lang };
      if (reply.allowed) {
        follow(reply);
        channel.postMessage(reply);
      }
      if (reply.form) return renew(form.closest(".vc-banner, .vc-settings"), reply.form);
      if (answer.status === 409) settings(new URL(`${base}/${lang}`, location));
      if (!answer.ok) throw new Error(reply.error);
      const dialog = form.closest("dialog");
      if (dialog) dialog.close();
      if (reply.dismissed) leave(form.parentNode);
      else say(reply);
    } catch (fault) {
      const text = /^(Type|Syntax)Error$/.test(fault.name) ? error : fault.message;
      if (alert) alert.textContent = text;
      else say({ status: text });
    }
    form.ariaBusy = "false";
  };

  // Where a policy lets nothing be fetched, forms and links work as they do without script.
  let plain = false;
  addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, disposition }) => {
    const ours = effectiveDirective === "connect-src" && blockedURI.includes(`${base}/`);
    if (ours && disposition === "enforce") plain = true;
  });

  addEventListener("submit", (event) => {
    const form = event.target;
    if (plain || event.defaultPrevented || !form.matches(".visitor-choice form")) return;
    event.preventDefault();
    if (form.ariaBusy !== "true") send(form, event.submitter);
  });

  /* ---- settings in a dialog, embeds once ---- */

  const settings = async (link) => {
    try {
      const url = new URL(link.href);
      url.searchParams.set("part", "1");
      const [reply] = await Promise.all([fetch(url), styled()]);
      if (!reply.ok) throw new Error();
      if (document.querySelector(".vc-dialog")) return;
      const dialog = make("dialog", "visitor-choice vc-dialog");
      Object.assign(dialog, { lang, innerHTML: await reply.text() });
      dialog.setAttribute("aria-labelledby", "vc-title");
      document.body.append(dialog);
      dialog.onclose = () => dialog.remove();
      dialog.onclick = ({ target }) => {
        if (target === dialog || target.closest("[data-close]")) dialog.close();
      };
      dialog.showModal();
      const part = link.hash && dialog.querySelector(link.hash);
      if (part) {
        part.open = true;
        part.firstElementChild.focus();
        part.scrollIntoView();
      }
    } catch {
      location.href = link.href;
    }
  };

  addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[href]");
    const special = event.button || event.metaKey || event.ctrlKey || event.shiftKey;
    if (!link || special || event.defaultPrevented) return;
    if (link.matches("[data-once]")) {
      event.preventDefault();
      open(link.closest(".vc-embed").previousElementSibling).forEach(run);
    } else if (!plain && link.origin === location.origin && link.pathname === `${base}/${lang}`) {
      event.preventDefault();
      settings(link);
    }
  });

  release();
  // The second page finds the stylesheet in the cache.
  (window.requestIdleCallback || setTimeout)(() =>
    fetch(style, { priority: "low" }).catch(() => {}));
})();
