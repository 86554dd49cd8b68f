/* Makes smooth what works without it: the banner answers without a reload, gates open in place,
   settings open in a dialog, and other tabs follow. It stores nothing and reads no cookie. */
"use strict";
(() => {
  const me = document.currentScript;
  const root = document.documentElement;
  if (root.dataset.visitorChoice) return;
  root.dataset.visitorChoice = "on";
  const { nonce, dataset: { style, lang, error, renews } } = me;
  const base = new URL(me.src).pathname.replace(/\/[^/]*$/, "");
  let allowed = new Set(me.dataset.allowed.split(" "));
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

  /* ---- gates ---- */

  const isAllowed = ({ dataset }) =>
    [dataset.consent, dataset.category].every((name) => name === undefined || allowed.has(name));

  let opener, told;
  const gates = `${base}/gates.js?v=${me.dataset.gates}`;
  const opening = () => (opener ||= import(gates)
    .then((file) => file.opener(nonce, isAllowed, styled, lang)));

  const GATES = "[data-consent], [data-category]";
  const OURS = `${GATES}, .vc-banner, .vc-link`;
  const release = async () => {
    await told;
    const isOpened = all(GATES).some(isAllowed);
    if (!isOpened && !document.querySelector("iframe[name^=visitor-choice-]")) return;
    const its = await opening().catch(() => {}); // links lead on by themselves
    if (isOpened) its?.release();
    its?.frames(click);
  };

  /* ---- what the visitor reads ---- */

  // What the first page has in itself comes as a file where something more is shown.
  let sheet;
  const styled = () => (sheet ||= new Promise((done) => {
    const link = { rel: "stylesheet", href: style, nonce, onload: done, onerror: done };
    document.head.append(make("link", link));
  }));

  // The end of the page can be scrolled above what lies over it, and stays there when that goes.
  const room = () => all(".vc-over, .vc-saved").forEach((over) => {
    if (getComputedStyle(over).position !== "fixed") return;
    const height = `${over.querySelector("[open]") ? 392 : over.offsetHeight + 24}px`;
    Object.assign(root.style, { paddingBottom: height, scrollPaddingBottom: height });
  });
  addEventListener("resize", room);
  addEventListener("toggle", room, true);

  let status;
  const say = async (reply) => {
    await styled();
    const innerHTML = '<p class="vc-quiet" role="status"></p>';
    const parts = { className: "visitor-choice", innerHTML };
    if (!status?.isConnected) status = document.body.appendChild(make("div", parts));
    const line = status.firstChild;
    status.lang = reply.lang || lang;
    status.replaceChildren(line);
    line.textContent = "";
    // A region that is there already is read out when its content changes (R109).
    setTimeout(() => { line.textContent = reply.status; }, 100);
    if (!(reply.box ||= reply.note)) return;
    const focused = document.querySelector(":focus");
    line.insertAdjacentHTML("afterend", reply.box);
    status.querySelector("[popover]")?.showPopover?.();
    status.onclick = ({ target }) => {
      if (target.matches("[data-reload]")) location.reload();
      if (target.matches("[data-close]")) line.nextSibling.remove();
      focused?.focus();
    };
    room();
    focused?.scrollIntoView({ block: "nearest" });
  };

  const leave = (element) => {
    element.classList.add("vc-leaving");
    setTimeout(() => element.remove(), 120);
  };

  // Banner and link go along when the body is replaced; a banner that was answered does not.
  const [link] = all("body > .vc-link");
  let [banner] = all("#visitor-choice");
  let asks = Boolean(banner);
  const settle = () => {
    const [found, ...others] = all("#visitor-choice:not(.vc-leaving)");
    const links = all(".vc-link");
    [...others, ...links.slice(0, -1)].forEach((element) => element.remove());
    if (!asks && found) leave(found);
    else if (found) banner = found;
    else if (asks && banner) document.body.prepend(banner);
    if (link && !links.length) document.body.append(link);
  };

  const follow = async ({ allowed: now, asked, signals, clear }) => {
    const before = [...allowed].sort().join();
    allowed = new Set(now);
    asks = asked.length > 0;
    settle();
    // Vendors hear of it before their tags run.
    told = signals && import(signals.script).then((it) => it.tell(signals, base, nonce), () => {});
    await release().catch(() => {}); // the next page opens them
    if (clear) import(clear.script).then((file) => file.clear(clear), () => {});
    if (before === [...allowed].sort().join()) return;
    document.dispatchEvent(new CustomEvent("visitor-choice", { detail: { allowed: now } }));
  };

  /* ---- other tabs, pages brought back, pages made for everybody ---- */

  const shared = me.dataset.shared && import(new URL(me.dataset.shared, location))
    .then(({ asker }) => asker(base, nonce, styled));

  const learn = async (running) => {
    try {
      const reply = await (await fetch(`${base}/state${shared ? `?lang=${lang}` : ""}`)).json();
      // What runs in a page brought back, though withdrawn since, ends only with the page.
      const gone = [...allowed].some((name) => !reply.allowed.includes(name));
      const more = renews && reply.allowed.length > allowed.size;
      if (running && (gone || more)) return location.reload();
      follow(reply);
      if (shared) (await shared)(reply.banner).then(room);
    } catch { /* The next page shows what holds. */ }
  };

  let channel;
  const join = () => {
    channel = new BroadcastChannel("visitor-choice");
    channel.onmessage = ({ data }) => {
      follow(data);
      if (data.box) say(data);
    };
  };
  join();
  addEventListener("pagehide", () => channel.close());
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    join();
    learn(true);
  });
  document.addEventListener("prerenderingchange", () => learn(true));

  // What a site puts into the page later: other content, or another body.
  new MutationObserver((records) => {
    const isNews = (node) => [root, document.body].includes(node.parentNode)
      || node.matches?.(OURS) || node.querySelector?.(OURS);
    if (!records.some(({ addedNodes }) => [...addedNodes].some(isNews))) return;
    settle();
    release();
  }).observe(root, { childList: true, subtree: true });

  /* ---- forms ---- */

  // What was asked has changed meanwhile: the new form takes the old one's place and says so.
  const renew = (old, html) => {
    old.insertAdjacentHTML("afterend", html);
    old.nextElementSibling.querySelector("[tabindex]").focus();
    old.remove();
    room();
  };

  const send = async (form, button) => {
    const alert = form.querySelector("[role=alert]");
    const body = new URLSearchParams(new FormData(form));
    if (button?.name) body.set(button.name, button.value);
    form.ariaBusy = "true";
    if (alert) alert.textContent = "";
    try {
      const headers = { accept: "application/json" };
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers });
      const reply = { ...await answer.json(), lang };
      if (reply.allowed) {
        if (renews && reply.allowed.length > allowed.size) return location.reload();
        follow(reply);
        channel.postMessage(reply);
      }
      if (reply.form) return renew(form.closest(".vc-banner, .vc-settings"), reply.form);
      if (answer.status === 409) settings(new URL(`${base}/${lang}`, location));
      if (!answer.ok) throw new Error(reply.error);
      form.closest("dialog")?.close();
      if (reply.dismissed) leave(form.parentNode);
      else say(reply);
    } catch (fault) {
      const text = fault.name === "Error" ? fault.message : error;
      if (alert) alert.textContent = text;
      else say({ status: text });
    }
    form.ariaBusy = "false";
  };

  // Where nothing may be fetched, all works as it does without script.
  let plain;
  addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, disposition }) => {
    const ours = effectiveDirective === "connect-src" && blockedURI.includes(`${base}/`);
    if (ours && disposition === "enforce") plain = true;
  });

  addEventListener("submit", (event) => {
    const form = event.target;
    // A form with a class, as that of a receipt, opens a page.
    if (plain || event.defaultPrevented || !form.matches(".visitor-choice :not([class])")) return;
    event.preventDefault();
    if (form.ariaBusy !== "true") send(form, event.submitter);
  });

  /* ---- settings in a dialog, embeds ---- */

  const settings = (link) => opening().then((its) => its.settings(link))
    .catch(() => { location.href = link.href; });

  const click = (event) => {
    const link = event.target.closest?.("a[href]");
    const special = event.button || event.metaKey || event.ctrlKey || event.shiftKey;
    if (!link || special || event.defaultPrevented) return;
    if (link.matches("[data-answer]")) {
      event.preventDefault();
      opening().then((its) => its.answer(link), () => { location.href = link.href; });
    } else if (!plain && link.origin === location.origin && link.pathname === `${base}/${lang}`) {
      event.preventDefault();
      settings(link);
    }
  };
  addEventListener("click", click);

  room();
  release();
  const isAhead = performance.getEntriesByType("navigation")[0]?.deliveryType?.endsWith("prefetch");
  if (shared || isAhead) learn(!shared); // one fetched ahead may be from before the answer
  // The second page finds these in the cache.
  (window.requestIdleCallback || setTimeout)(() =>
    [style, gates].forEach((file) => fetch(file, { priority: "low" }).catch(() => {})));
})();
