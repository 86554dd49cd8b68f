// Plays an advertising pixel: an image whose reply sets a third-party cookie.
(() => {
  "use strict";
  const home = new URL(document.currentScript.src).origin;
  new Image(1, 1).src = `${home}/pixel.gif?event=view`;
})();
