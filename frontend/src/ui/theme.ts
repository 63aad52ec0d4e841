import { ifStored } from "../app/ifStored.ts";

const KEY = "concordat.theme";

/** `auto` follows the system. */
export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export function storedTheme(): Theme {
  const value = ifStored(() => localStorage.getItem(KEY), null);
  return THEMES.find((theme) => theme === value) ?? "auto";
}

/** Tells whenever the page's colours change, by its button or with the system; returns how to end that. */
export function onColours(changed: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const page = new MutationObserver(changed);
  page.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  system.addEventListener("change", changed);
  return () => {
    page.disconnect();
    system.removeEventListener("change", changed);
  };
}

/** Shows the stored theme, or the given one, which is then remembered where the browser allows it. */
export function applyTheme(theme?: Theme): void {
  if (theme !== undefined) ifStored(() => localStorage.setItem(KEY, theme), undefined);
  document.documentElement.dataset["theme"] = theme ?? storedTheme();
}
