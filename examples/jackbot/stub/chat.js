// Plays a chat service: a bubble in the corner that opens a small window, and remembers that.
// Styled through the CSSOM, so that it works on pages whose policy forbids inline styles.
(() => {
  "use strict";
  if (document.getElementById("example-chat")) return;
  const texts = {
    fi: { title: "Esimerkkichat",
      text: "Hei! Tämä on esimerkki, joten kukaan ei ole lukemassa. Viestiä ei voi lähettää." },
    sv: { title: "Exempelchatt",
      text: "Hej! Det här är ett exempel, så ingen läser. Det går inte att skicka meddelanden." },
    en: { title: "Example chat",
      text: "Hello! This is an example, so nobody is reading. Messages cannot be sent." },
  };
  const t = texts[document.documentElement.lang] || texts.en;
  const host = document.createElement("aside");
  host.id = "example-chat";
  host.setAttribute("aria-label", t.title);
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { position: fixed; inset: auto max(16px, env(safe-area-inset-right))
      max(16px, env(safe-area-inset-bottom)) auto; z-index: 20; color: #14231d;
      font: 400 15px/1.5 "Segoe UI", -apple-system,
      "Helvetica Neue", "Liberation Sans", sans-serif; color-scheme: light; }
    button { display: grid; place-items: center; width: 52px; height: 52px; margin: 0 0 0 auto;
      border: 0; border-radius: 50%; color: #fff; background: #134e43; cursor: pointer;
      box-shadow: 0 1px 2px rgb(0 0 0 / .2), 0 8px 24px rgb(0 0 0 / .18); }
    button:hover { background: #0c3a32; }
    button:focus-visible { outline: 3px solid #134e43; outline-offset: 3px;
      box-shadow: 0 0 0 3px #fff; }
    svg { width: 24px; height: 24px; fill: none; stroke: currentColor; stroke-width: 1.8;
      stroke-linecap: round; stroke-linejoin: round; }
    section { box-sizing: border-box; width: min(300px, calc(100vw - 32px)); margin: 0 0 12px;
      padding: 20px; border-radius: 16px; background: #fff;
      box-shadow: 0 1px 2px rgb(0 0 0 / .12), 0 16px 48px rgb(0 0 0 / .2); }
    section[hidden] { display: none; }
    h2 { margin: 0 0 12px; font-size: 15px; font-weight: 600; }
    p { margin: 0; padding: 12px 14px; border-radius: 4px 14px 14px; background: #eef2ef; }
    @media (prefers-color-scheme: dark) {
      :host { color: #e9eee9; color-scheme: dark; }
      button { color: #0c1a16; background: #94d3c2; }
      button:hover { background: #b4e2d6; }
      button:focus-visible { outline-color: #94d3c2; box-shadow: 0 0 0 3px #0f1513; }
      section { background: #1c2622; }
      p { background: #28352f; }
    }`);
  root.adoptedStyleSheets = [sheet];
  root.innerHTML = `
    <section id="window" hidden><h2></h2><p></p></section>
    <button type="button" aria-controls="window">
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M4 5h16v11h-8l-5 4v-4H4z"/><path d="M8 9.5h8M8 12.5h5"/>
      </svg>
    </button>`;
  const panel = root.querySelector("section");
  const button = root.querySelector("button");
  root.querySelector("h2").textContent = t.title;
  root.querySelector("p").textContent = t.text;
  button.setAttribute("aria-label", t.title);
  const show = (open) => {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    localStorage.setItem("ex_chat", open ? "open" : "closed");
  };
  button.addEventListener("click", () => show(panel.hidden));
  host.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) { show(false); button.focus(); }
  });
  show(localStorage.getItem("ex_chat") === "open");
  document.body.append(host);
})();
