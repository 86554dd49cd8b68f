/* Tells vendors whose scripts run in the page of a choice that is made there, in their own words.
   Fetched with the answer to a choice, and only where a vendor is to be told something. */
const told = new Map();
for (const { dataset } of document.querySelectorAll("script[data-signal]")) {
  told.set(...dataset.signal.split("."));
}

// A vendor that is not in the page has no function to call.
const call = ([path, ...values]) => {
  const steps = path.split(".");
  const name = steps.pop();
  const to = steps.reduce((at, step) => at && at[step], window);
  if (to && typeof to[name] === "function") to[name](...values);
};

// The same script that the server puts before a vendor's first tag.
const put = ({ id, key }, base, nonce) => new Promise((done) => {
  const script = document.createElement("script");
  Object.assign(script, { src: `${base}/signals/${key}.js`, nonce, onload: done, onerror: done });
  script.dataset.signal = `${id}.${key}`;
  document.head.append(script);
});

// Done when tags may be released. One decision is one change of state, and so at most one call.
export const tell = ({ vendors }, base, nonce) => Promise.all(vendors.map((vendor) => {
  const { id, key, calls } = vendor;
  const before = told.get(id);
  if (before === key) return null;
  if (before === undefined && key) {
    told.set(id, key);
    return put(vendor, base, nonce);
  }
  // What the site itself let run, without having been told before, hears at least of its end.
  calls.forEach(call);
  if (before !== undefined) told.set(id, key);
  return null;
}));

// For triggers of Tag Manager; where nothing of Google's may run, nothing is left for it.
document.addEventListener("visitor-choice", ({ detail }) => {
  if (told.get("google") && window.dataLayer) {
    window.dataLayer.push({ event: "visitor-choice", allowed: detail.allowed });
  }
});
