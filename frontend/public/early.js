/**
 * Runs before anything is drawn, so that a slow line shows the page's fixed words at once: which page the address names, in
 * which colours, and the configuration, asked for while the rest of the page is still on its way. What it fetches,
 * src/config/loadConfig.ts takes from here.
 */
{
  const root = document.documentElement;
  const path = location.hash
    .replace(/^#\/?/, "")
    .replace(/^tasks\/.*/, "task")
    .replace(/\?.*/, "");
  root.dataset.page = /^(tasks|task|nodes|publish|audit|work)$/.test(path) ? path : "home";
  try {
    root.dataset.theme = localStorage.getItem("concordat.theme") ?? "auto";
  } catch {
    root.dataset.theme = "auto";
  }
  const addressOf = (name) => new URL(name, document.baseURI);
  const read = (name) => fetch(addressOf(name), { cache: "no-cache" });
  const early = { "config.json": read("config.json") };
  globalThis.concordatEarly = early;
  const readBooks = async () => {
    try {
      const { networks } = await (await early["config.json"]).clone().json();
      for (const { addressBook: name } of networks) {
        if (typeof name !== "string" || addressOf(name).origin !== location.origin) continue;
        early[name] ??= read(name);
        await early[name];
      }
    } catch {
      // Whatever is wrong with them, the page says once it is there.
    }
  };
  void readBooks();
}
