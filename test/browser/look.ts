import type { Page } from "playwright-core";

/** How a reader has the page before him. */
export interface Look {
  readonly colorScheme: "light" | "dark";
  /** Pixels. */
  readonly width: number;
  /** Pixels; of a laptop's window where nothing is said. */
  readonly height?: number;
}

/** Shows the page as it stands in another look, without motion, from its top. */
export async function takeLook(page: Page, { colorScheme, width, height = 900 }: Look): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  await page.setViewportSize({ width, height });
  await page.evaluate(settle);
}

/**
 * In the page: waits until colours have changed from one scheme to the other, and shows what the bar would cover. Chromium
 * sometimes keeps inherited colours of the former scheme when that is changed from outside: all styles are made anew.
 */
async function settle(): Promise<void> {
  window.scrollTo(0, 0);
  const { documentElement } = document;
  documentElement.style.display = "none";
  documentElement.getBoundingClientRect();
  documentElement.style.display = "";
  await new Promise((painted) => {
    requestAnimationFrame(() => requestAnimationFrame(painted));
  });
  await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
}
