import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { JsonRpcProvider, Wallet } from "ethers";
import type { Page } from "playwright-core";
import { chromiumPath, launchBrowser } from "./browser.ts";
import { serveSite } from "./site.ts";
import { connect, visit, type Visitor } from "./visitor.ts";

/**
 * Pictures of each page against a chain that runs, for example one of `concordat demo --keep`, in light, dark and phone width:
 *
 *     node test/browser/screenshots.ts --rpc URL --address-book FILE --out FOLDER [--keystore FILE --password TEXT]
 *
 * With a keystore (an operator's, `node-1/operator.json` of the demonstration) also what its owner sees.
 */
const LOOKS = [
  { name: "light", width: 1280, dark: false },
  { name: "dark", width: 1280, dark: true },
  { name: "phone", width: 390, dark: false },
] as const;
const HEIGHT = 900;

const READING: Readonly<Record<string, string>> = {
  home: "/",
  tasks: "/tasks",
  task: "/tasks/1",
  rounds: "/tasks/1?tab=rounds",
  round: "/tasks/1?tab=rounds&round=1",
  curves: "/tasks/1?tab=curves",
  terms: "/tasks/1?tab=terms",
  roster: "/tasks/1?tab=roster",
  nodes: "/nodes",
  audit: "/audit?task=1",
};
const OWNING: Readonly<Record<string, string>> = {
  "my-work": "/work",
  "own-task": "/tasks/1",
  "own-node": "/nodes",
};

/** Things that take some steps to get to. */
const ACTING: Readonly<Record<string, (visitor: Visitor) => Promise<void>>> = {
  model: async (visitor) => {
    await visitor.open("/tasks/1?tab=model");
    await visitor.page.getByRole("button", { name: "Fetch the model" }).click();
    await visitor.page.getByRole("button", { name: /^Save as safetensors/ }).waitFor();
    await writeSeven(visitor.page);
  },
  recomputed: async (visitor) => {
    await visitor.open("/audit?task=1&round=1");
    await visitor.page.getByRole("button", { name: /^Recompute/ }).click();
    await visitor.page.getByText(/facts agree with what the rules give/).waitFor();
  },
  publish: async (visitor) => {
    await visitor.open("/publish");
    await visitor.page.getByLabel("Name").fill("Handwriting of four clinics");
  },
  confirm: async (visitor) => {
    await visitor.page.getByRole("button", { name: "Confirm" }).click();
    await visitor.page.getByRole("button", { name: "Make manifest and initial model" }).click();
    await visitor.page.getByRole("button", { name: "Publish the task" }).waitFor();
  },
};

const text = { type: "string" } as const;
const options = { rpc: text, "address-book": text, out: text, keystore: text, password: text };
const { values } = parseArgs({ options });
const { rpc, "address-book": book, out, keystore, password = "" } = values;
const executable = chromiumPath();
if (rpc === undefined || book === undefined || out === undefined || executable === undefined) {
  console.error("Give --rpc, --address-book and --out, on a machine with Chromium");
  process.exit(2);
}
await mkdir(out, { recursive: true });
const [browser, site] = await Promise.all([launchBrowser(executable), serveSite()]);
const addressBook = JSON.parse(await readFile(book, "utf8")) as unknown;
site.config = { format: "concordat/dapp/1", networks: [{ rpcUrls: [rpc], addressBook }] };
const provider = new JsonRpcProvider(rpc);
const owner =
  keystore === undefined
    ? undefined
    : new Wallet(
        (await Wallet.fromEncryptedJson(await readFile(keystore, "utf8"), password)).privateKey,
        provider,
      );
for (const look of LOOKS) {
  const reader = await visit(browser, site, undefined, look);
  for (const [label, path] of Object.entries(READING)) {
    await reader.open(path);
    await picture(reader.page, `${label}-${look.name}`, look.width);
  }
  for (const [label, act] of Object.entries(ACTING)) {
    await act(reader);
    await picture(reader.page, `${label}-${look.name}`, look.width);
  }
  await reader.context.close();
  if (owner === undefined) continue;
  const visitor = await visit(browser, site, owner, look);
  await visitor.open("/");
  await connect(visitor);
  for (const [label, path] of Object.entries(OWNING)) {
    await visitor.open(path);
    await picture(visitor.page, `${label}-${look.name}`, look.width);
  }
  await visitor.context.close();
}
provider.destroy();
await browser.close();
await site.close();

/** The whole page in a window as high as it is: what is fixed to the window's edges then stands at the page's. */
async function picture(page: Page, name: string, width: number): Promise<void> {
  await page.waitForLoadState("networkidle");
  await page.getByText("Loading…").waitFor({ state: "detached" });
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width, height: Math.max(HEIGHT, height) });
  await page.screenshot({ path: join(out ?? ".", `${name}.png`) });
  await page.setViewportSize({ width, height: HEIGHT });
}

/** Writes a seven into the pad of the page that tries a model, and waits for the answer. */
async function writeSeven(page: Page): Promise<void> {
  const pad = page.getByRole("img", { name: /^Draw here/ });
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  if (box === null) throw new Error("The pad is not on the page");
  const [first, ...rest] = [
    [0.25, 0.2],
    [0.75, 0.2],
    [0.65, 0.45],
    [0.45, 0.85],
  ].map(([x = 0, y = 0]) => [box.x + x * box.width, box.y + y * box.height] as const);
  await page.mouse.move(...(first ?? [0, 0]));
  await page.mouse.down();
  for (const point of rest) await page.mouse.move(...point, { steps: 8 });
  await page.mouse.up();
  await page.getByText("The model says").waitFor();
}
