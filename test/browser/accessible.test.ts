import { expect } from "chai";
import type { Page } from "playwright-core";
import { Stage, connect } from "./stage.ts";

const PATHS = [
  "/",
  "/tasks",
  "/tasks/1",
  "/tasks/1?tab=rounds&round=1",
  "/tasks/1?tab=curves",
  "/tasks/1?tab=terms",
  "/tasks/1?tab=roster",
  "/tasks/1?tab=model",
  "/nodes",
  "/publish",
  "/audit",
];
/** WCAG 2.2, 1.4.3 at level AA; text of 18.66 px and bold, or 24 px, is large. */
const CONTRAST = { normal: 4.5, large: 3 } as const;

describe("accessibility of the pages", function () {
  this.timeout(120_000);
  let stage: Stage;

  before(async function () {
    const opened = await Stage.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    stage = opened;
    await stage.federation.startTask();
    await stage.federation.playRound();
  });

  after(async () => stage?.close());

  for (const dark of [false, true]) {
    it(`text stands out from its ground, controls have names, headings do not skip (${dark ? "dark" : "light"})`, async () => {
      const [node] = stage.federation.nodes;
      const visitor = await stage.visit(node?.operator, { dark });
      await visitor.open("/");
      await connect(visitor);
      for (const path of PATHS) {
        await visitor.open(path);
        await visitor.page.getByText("Loading…").waitFor({ state: "detached" });
        expect(await unnamed(visitor.page), `${path}: controls without a name`).to.deep.equal([]);
        expect(await pale(visitor.page), `${path}: too little contrast`).to.deep.equal([]);
        expect(await skipped(visitor.page), `${path}: headings that skip a level`).to.deep.equal([]);
        expect(await visitor.page.locator("main").count(), path).to.equal(1);
      }
      await visitor.context.close();
    });
  }

  it("the wallet's dialog is opened, used and closed by keyboard, and gives the focus back", async () => {
    const [node] = stage.federation.nodes;
    const visitor = await stage.visit(node?.operator);
    const { page } = visitor;
    await visitor.open("/tasks");
    const button = page.getByRole("button", { name: "Connect wallet" });
    await button.focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Connect a wallet" });
    await dialog.waitFor();
    expect(
      await page.evaluate(() => document.querySelector("dialog")?.contains(document.activeElement)),
    ).to.equal(true);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(await button.evaluate((element) => element === document.activeElement)).to.equal(true);
    await visitor.context.close();
  });
});

/** Controls that a screen reader could not name. */
function unnamed(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("button, a[href], input, select, textarea, [role=img]")]
      .filter((element) => element.checkVisibility())
      .filter((element) => {
        const labels = "labels" in element ? [...((element as HTMLInputElement).labels ?? [])] : [];
        const texts = [
          element.getAttribute("aria-label"),
          element.innerText,
          ...labels.map((label) => label.innerText),
        ];
        return !texts.some((text) => text !== null && text !== undefined && text.trim() !== "");
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  );
}

/** Texts whose contrast with their ground is too low. */
function pale(page: Page): Promise<string[]> {
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

/** Headings more than one level below the one before. */
function skipped(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    let last = 0;
    return [...document.querySelectorAll<HTMLElement>("h1, h2, h3, h4")].flatMap((heading) => {
      const level = Number(heading.tagName.slice(1));
      const jumps = heading.checkVisibility() && level > last + 1;
      if (heading.checkVisibility()) last = level;
      return jumps ? [heading.innerText] : [];
    });
  });
}
