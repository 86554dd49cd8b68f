/* Removes what a withdrawn service has stored in the browser, as far as a script can. Fetched after
   a withdrawal, and not before. */

const fits = (pattern, name) => {
  const plain = pattern.replace(/[\\^$.+?()[\]{}|]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${plain}$`, "s").test(name);
};

// The first rule that a name fits is its most exact declaration.
const goes = (rules = [], name = "") => rules.find(([pattern]) => fits(pattern, name))?.[1] === 1;

const clearStorage = (rules, storage) => {
  const names = Array.from({ length: storage.length }, (_, at) => storage.key(at));
  names.filter((name) => goes(rules, name)).forEach((name) => storage.removeItem(name));
};

// The server has removed what lies at declared paths. A script that gives no path puts its cookie
// under that of the page, where only the page can see it.
const clearCookies = (rules) => {
  const parts = location.pathname.split("/");
  const paths = parts.flatMap((_, at) => {
    const path = parts.slice(0, at + 1).join("/");
    return [path || "/", `${path}/`];
  });
  const labels = location.hostname.split(".");
  const domains = ["", ...labels.map((_, at) => `; Domain=${labels.slice(at).join(".")}`)];
  for (const pair of document.cookie.split("; ")) {
    const name = pair.split("=")[0];
    if (!goes(rules, name)) continue;
    for (const path of new Set(paths)) {
      for (const domain of domains) {
        for (const more of ["", "; Secure", "; Secure; Partitioned"]) {
          document.cookie = `${name}=; Path=${path}; Max-Age=0${domain}${more}`;
        }
      }
    }
  }
};

// A database that a running script holds open is deleted when it lets go of it.
const clearDatabases = async (rules) => {
  const listed = indexedDB.databases ? await indexedDB.databases() : [];
  const exact = rules.map(([name]) => name).filter((name) => !name.includes("*"));
  for (const name of new Set([...listed.map((database) => database.name), ...exact])) {
    if (goes(rules, name)) indexedDB.deleteDatabase(name);
  }
};

export const clear = async (rules) => {
  const steps = [
    () => clearStorage(rules["local-storage"], localStorage),
    () => clearStorage(rules["session-storage"], sessionStorage),
    () => clearCookies(rules.cookie),
    () => rules["indexed-db"] && clearDatabases(rules["indexed-db"]),
  ];
  for (const step of steps) {
    try {
      await step();
    } catch { /* A browser that forbids storage keeps none. */ }
  }
};
