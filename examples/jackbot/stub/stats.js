// Plays a statistics service: a first-party cookie for a year, and one beacon a page.
(() => {
  "use strict";
  const home = new URL(document.currentScript.src).origin;
  const known = document.cookie.match(/(?:^|; )_ex_stats=([^;]*)/);
  const id = known ? known[1] : Math.random().toString(36).slice(2, 12);
  document.cookie = `_ex_stats=${id}; Path=/; Max-Age=31536000; SameSite=Lax`;
  navigator.sendBeacon(`${home}/collect`, JSON.stringify({ id, page: location.pathname }));
})();
