import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type axe from "axe-core";
import type { Page } from "playwright-core";

const SOURCE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const OPTIONS: axe.RunOptions = {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  // Off unless asked for by name.
  rules: { "target-size": { enabled: true } },
  resultTypes: ["violations"],
  // Its fetching of style sheets would count as a call of the page.
  preload: false,
};

/**
 * What axe-core finds on a page against WCAG 2.2 AA and good practice, all but the minor, as sentences. It comes in through
 * the debugger, which the page's policy does not bind, so that the policy stays as readers have it.
 */
export async function axeFindings(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) {
    await page.evaluate(await readFile(SOURCE, "utf8"));
  }
  return page.evaluate(async (options) => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run(document, options);
    return violations
      .filter(({ impact }) => impact !== "minor")
      .flatMap(({ id, impact, help, nodes }) =>
        nodes.map(
          ({ target, failureSummary }) =>
            `${impact ?? ""} ${id}: ${help}, at ${target.join(" ")}. ${failureSummary ?? ""}`,
        ),
      );
  }, OPTIONS);
}
