import type { Page } from "playwright-core";

/** WCAG 2.2, 1.4.3 at level AA; text of 18.66 px and bold, or 24 px, is large. */
const CONTRAST = { normal: 4.5, large: 3 } as const;

/** Texts whose contrast with their ground is too low, those in drawings included, which axe-core passes over. */
export function paleTexts(page: Page): Promise<string[]> {
  return page.evaluate(({ normal, large }) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (context === null) return ["no canvas"];
    const rgba = (colour: string): readonly number[] => {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      return [...context.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (colour: readonly number[]): number => {
      const [r = 0, g = 0, b = 0] = colour.map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const groundOf = (element: Element | null): readonly number[] => {
      for (let each = element; each !== null; each = each.parentElement) {
        const colour = rgba(getComputedStyle(each).backgroundColor);
        if ((colour[3] ?? 0) > 250) return colour;
      }
      return rgba(getComputedStyle(document.documentElement).backgroundColor);
    };
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text !== null; text = walker.nextNode()) {
      const element = text.parentElement;
      const words = text.textContent?.trim() ?? "";
      if (
        element === null ||
        words === "" ||
        !element.checkVisibility() ||
        element.closest(":disabled, .visually-hidden, noscript")
      )
        continue;
      const style = getComputedStyle(element);
      const size = Number.parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 600);
      const isDrawn = element instanceof SVGElement;
      const [a, b] = [luminance(rgba(isDrawn ? style.fill : style.color)), luminance(groundOf(element))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < (isLarge ? large : normal)) found.push(`${words.slice(0, 40)}: ${ratio.toFixed(2)}`);
    }
    return found;
  }, CONTRAST);
}
