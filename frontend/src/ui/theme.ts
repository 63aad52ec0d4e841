const KEY = "concordat.theme";

/** `auto` follows the system. */
export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export function storedTheme(): Theme {
  const value = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === value) ?? "auto";
}

/** Shows the stored theme, or the given one, which is then remembered. */
export function applyTheme(theme?: Theme): void {
  if (theme !== undefined) localStorage.setItem(KEY, theme);
  document.documentElement.dataset["theme"] = theme ?? storedTheme();
}
