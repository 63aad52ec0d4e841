import { ifStored } from "../app/ifStored.ts";

const KEY = "concordat.theme";

/** `auto` follows the system. */
export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export function storedTheme(): Theme {
  const value = ifStored(() => localStorage.getItem(KEY), null);
  return THEMES.find((theme) => theme === value) ?? "auto";
}

/** Shows the stored theme, or the given one, which is then remembered where the browser allows it. */
export function applyTheme(theme?: Theme): void {
  if (theme !== undefined) ifStored(() => localStorage.setItem(KEY, theme), undefined);
  document.documentElement.dataset["theme"] = theme ?? storedTheme();
}
