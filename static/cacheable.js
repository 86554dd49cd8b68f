/* For pages that are the same for everybody: puts in what this visitor is asked or told, and what
   such a page cannot hold, a token for each form and the way back to here. */
export const asker = (base, nonce, styled) => {
  const SHOWN = "#visitor-choice, .vc-strip";
  const here = () => location.pathname + location.search;

  const token = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(18));
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
  };

  addEventListener("submit", ({ target }) => {
    if (!target.matches(".visitor-choice form")) return;
    const fields = target.elements;
    // Sent twice it is one form, with one token (R46).
    if (fields.token) fields.token.value ||= token();
    if (fields.return) fields.return.value = here();
  }, true);

  addEventListener("click", ({ target }) => {
    const link = target.closest?.("a[href]:not([data-once])");
    if (link?.origin !== location.origin || !link.pathname.startsWith(`${base}/`)) return;
    link.search = new URLSearchParams({ return: here() });
  }, true);

  return async (html) => {
    if (!html) {
      document.querySelector(".vc-strip")?.remove();
      return;
    }
    await styled();
    if (document.querySelector(SHOWN)) return;
    const { content } = Object.assign(document.createElement("template"), { innerHTML: html });
    for (const link of content.querySelectorAll("link")) link.nonce = nonce;
    document.body.prepend(content);
  };
};
