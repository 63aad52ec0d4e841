import type { Page } from "playwright-core";

/** Pixels of what a finger finds (WCAG 2.2, 2.5.5 at level AAA, and the guides of both phone systems). */
const FINGER = 44;

/** What can be pressed on the page and is lower than a finger, as sentences. Links within sentences may be. */
export function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate((finger) => {
    const targets = document.querySelectorAll("button, input, select, summary, nav a, a.button");
    return [...targets].flatMap((element) => {
      // Pressing the label presses what it is about.
      const labels = element instanceof HTMLInputElement ? (element.labels ?? []) : [];
      const heights = [element, ...labels].map((each) => each.getBoundingClientRect().height);
      const height = Math.max(...heights);
      if (!element.checkVisibility() || height === 0 || height >= finger - 0.5) return [];
      const words = element.getAttribute("aria-label") ?? element.textContent ?? "";
      return [`${element.tagName.toLowerCase()} “${words.trim().slice(0, 40)}” is ${height} px high`];
    });
  }, FINGER);
}
