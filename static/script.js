/* Makes smooth what works without it: the banner answers without a reload, gates open in place,
   settings open in a dialog, and other tabs follow. It stores nothing and reads no cookie. */
"use strict";
(() => {
  const me = document.currentScript;
  if (document.documentElement.dataset.visitorChoice) return;
  document.documentElement.dataset.visitorChoice = "";
  const { style, lang, error } = me.dataset;
  const base = new URL(me.src).pathname.replace(/\/[^/]*$/, "");
  let allowed = new Set(me.dataset.allowed.split(" "));
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const nonce = me.nonce || me.getAttribute("nonce");

  /* ---- gates ---- */

  // Scripts run one after another in document order, as a parser would have run them.
  let queue = Promise.resolve();
  const run = (inert) => {
    const script = document.createElement("script");
    for (const { name, value } of inert.attributes) {
      if (name === "data-src") script.src = value;
      else if (name === "data-type") script.type = value;
      else if (!/^(type|data-category|data-consent)$/.test(name) || isPlain(inert, name, value)) {
        script.setAttribute(name, value);
      }
    }
    script.text = inert.text;
    if (inert.nonce || nonce) script.nonce = inert.nonce || nonce;
    script.async = inert.hasAttribute("async");
    const waits = script.src && !script.async && script.type !== "module";
    queue = queue.then(() => new Promise((done) => {
      if (waits) script.onload = script.onerror = done;
      inert.replaceWith(script);
      if (!waits) done();
    }));
  };
  // A type of its own, such as "module", stays; only the type that kept it inert goes.
  const isPlain = (inert, name, value) => name === "type" && value !== "text/plain";

  const open = (gate) => {
    const held = gate.nextElementSibling;
    if (held && held.matches(".vc-embed")) held.remove();
    const content = document.importNode(gate.content, true);
    const scripts = all("script", content).filter((s) => !s.matches("[type='text/plain']"));
    // Made inert first: an inserted script would run at once, out of order.
    for (const script of scripts) {
      if (script.type) script.dataset.type = script.type;
      script.type = "text/plain";
    }
    gate.replaceWith(content);
    scripts.forEach(run);
  };

  const release = () => {
    let gate;
    const shut = (g) => !allowed.has(g.dataset.consent || g.dataset.category);
    const closed = new Set();
    while ((gate = all("template[data-consent]").find((g) => !closed.has(g)))) {
      if (shut(gate)) closed.add(gate);
      else open(gate);
    }
    all("script[type='text/plain']:is([data-category], [data-consent])")
      .filter((script) => !shut(script))
      .forEach(run);
  };

  /* ---- what the visitor reads ---- */

  const status = document.createElement("div");
  status.className = "visitor-choice";
  status.lang = lang;
  status.innerHTML = '<p class="vc-quiet" role="status"></p>';
  document.body.append(status);

  const say = (reply) => {
    const line = status.firstChild;
    line.className = "vc-quiet";
    line.textContent = "";
    requestAnimationFrame(() => { line.textContent = reply.status; });
    if (!reply.reload) return;
    const box = document.createElement("div");
    box.className = "vc-saved";
    box.innerHTML = '<p></p><div class="vc-actions"><button class="vc-button"></button>' +
      '<button class="vc-button"></button></div>';
    const [again, close] = all("button", box);
    box.firstChild.textContent = [reply.status, reply.renew, reply.foreign].join(" ");
    again.textContent = reply.reload;
    again.onclick = () => location.reload();
    close.textContent = reply.close;
    close.onclick = () => box.remove();
    all(".vc-saved").forEach((old) => old.remove());
    styled().then(() => status.append(box));
  };

  const leave = (element) => {
    const focused = element.contains(document.activeElement);
    element.classList.add("vc-leaving");
    setTimeout(() => {
      element.remove();
      // The focus would be lost with the banner: it goes back to where reading starts.
      if (focused) document.body.focus();
    }, 120);
  };

  const follow = (reply) => {
    const before = allowed;
    allowed = new Set(reply.allowed);
    const banner = document.getElementById("visitor-choice");
    if (banner && !reply.asked.length) leave(banner);
    release();
    const changed = before.size !== allowed.size || [...allowed].some((name) => !before.has(name));
    if (changed) {
      document.dispatchEvent(new CustomEvent("visitor-choice", { detail: { allowed: [...allowed] } }));
    }
  };

  /* ---- other tabs, and pages brought back ---- */

  const tabs = () => {
    const channel = new BroadcastChannel("visitor-choice");
    channel.onmessage = ({ data }) => follow(data);
    return channel;
  };
  let channel = tabs();
  addEventListener("pagehide", () => channel.close());
  addEventListener("pageshow", async ({ persisted }) => {
    if (!persisted) return;
    channel = tabs();
    const reply = await fetch(`${base}/state`, { cache: "no-store" });
    if (reply.ok) follow(await reply.json());
  });

  /* ---- forms ---- */

  const send = async (form, button) => {
    const body = new URLSearchParams(new FormData(form));
    if (button && button.name) body.set(button.name, button.value);
    const buttons = all("button", form);
    const alert = form.querySelector("[role=alert]");
    buttons.forEach((b) => { b.disabled = true; });
    if (alert) alert.textContent = "";
    try {
      const answer = await fetch(form.getAttribute("action"), {
        method: "POST", body, headers: { accept: "application/json" },
      });
      const reply = await answer.json();
      if (reply.allowed) {
        follow(reply);
        channel.postMessage({ allowed: reply.allowed, asked: reply.asked });
      }
      if (!answer.ok) throw new Error(reply.error);
      if (reply.dismissed) leave(form.parentNode);
      else say(reply);
      const dialog = form.closest("dialog");
      if (dialog) dialog.close();
    } catch (fault) {
      const text = fault instanceof TypeError || fault instanceof SyntaxError ? error : fault.message;
      if (alert) alert.textContent = text;
      else say({ status: text });
    } finally {
      buttons.forEach((b) => { b.disabled = false; });
    }
  };

  addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches(".visitor-choice form")) return;
    event.preventDefault();
    send(form, event.submitter);
  });

  /* ---- settings in a dialog, embeds once ---- */

  let sheet;
  const styled = () => (sheet ||= new Promise((done) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = style;
    link.onload = link.onerror = done;
    document.head.append(link);
  }));

  const settings = async (link) => {
    try {
      const url = new URL(link.href);
      url.searchParams.set("part", "1");
      const [reply] = await Promise.all([fetch(url), styled()]);
      if (!reply.ok) throw new Error();
      const dialog = document.createElement("dialog");
      dialog.className = "visitor-choice vc-dialog";
      dialog.lang = lang;
      dialog.setAttribute("aria-labelledby", "vc-title");
      dialog.innerHTML = await reply.text();
      document.body.append(dialog);
      dialog.addEventListener("close", () => dialog.remove());
      dialog.addEventListener("click", ({ target }) => {
        if (target === dialog || target.closest("[data-close]")) dialog.close();
      });
      dialog.showModal();
    } catch {
      location.href = link.href;
    }
  };

  addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[href]");
    const plain = !event.button && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (!link || !plain || event.defaultPrevented) return;
    if (link.matches("[data-once]")) {
      event.preventDefault();
      open(link.closest(".vc-embed").previousElementSibling);
    } else if (link.origin === location.origin && link.pathname === `${base}/${lang}`) {
      event.preventDefault();
      settings(link);
    }
  });

  release();
  // The second page finds the stylesheet in the cache.
  (window.requestIdleCallback || setTimeout)(() => fetch(style, { priority: "low" }));
})();
