import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromiumPath, launchBrowser } from "./browser.ts";
import { serveSite } from "./site.ts";

/**
 * Pictures of each page against a chain that runs, for example one of `concordat demo --keep`: in light, dark and phone width.
 *
 *     node test/browser/screenshots.ts --rpc URL --address-book FILE --out FOLDER
 */
const PAGES = {
  home: "/",
  tasks: "/tasks",
  task: "/tasks/1",
  round: "/tasks/1?tab=rounds&round=1",
  curves: "/tasks/1?tab=curves",
  terms: "/tasks/1?tab=terms",
  roster: "/tasks/1?tab=roster",
  model: "/tasks/1?tab=model",
  nodes: "/nodes",
  publish: "/publish",
  audit: "/audit?task=1",
} as const;
const LOOKS = [
  { name: "light", width: 1280, colorScheme: "light" },
  { name: "dark", width: 1280, colorScheme: "dark" },
  { name: "phone", width: 390, colorScheme: "light" },
] as const;

const text = { type: "string" } as const;
const { values } = parseArgs({ options: { rpc: text, "address-book": text, out: text } });
const { rpc, "address-book": book, out } = values;
const executable = chromiumPath();
if (rpc === undefined || book === undefined || out === undefined || executable === undefined) {
  console.error("Give --rpc, --address-book and --out, on a machine with Chromium");
  process.exit(2);
}
await mkdir(out, { recursive: true });
const [browser, site] = await Promise.all([launchBrowser(executable), serveSite()]);
const addressBook = JSON.parse(await readFile(book, "utf8")) as unknown;
site.config = { format: "concordat/dapp/1", networks: [{ rpcUrls: [rpc], addressBook }] };
for (const { name, width, colorScheme } of LOOKS) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  for (const [label, path] of Object.entries(PAGES)) {
    await page.goto(`${site.url}#${path}`);
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    await page.waitForLoadState("networkidle");
    await page.getByText("Loading…").waitFor({ state: "detached" });
    await page.screenshot({ path: join(out, `${label}-${name}.png`), fullPage: true });
  }
  await page.close();
}
await browser.close();
await site.close();
