import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { buildDag } from "#protocol/artifacts/contentAddress";
import { MANIFEST_LIMITS } from "#protocol/manifest/manifest";
import { playEventfulTask, playFailures, playStakedTask } from "../audit/scenario.ts";
import { Federation } from "../contracts/federation.ts";
import { smallTargets } from "./fingers.ts";
import { serveBlocks } from "./hostile.ts";
import { takeLook } from "./look.ts";
import { EndpointProxy } from "./proxy.ts";
import { DappFixture, connect, type Visitor } from "./dappFixture.ts";

/**
 * Pictures of every page, tab, step and dialog of the built dApp, in every look, to be looked at:
 *
 *     npm run looks
 *
 * One folder a part, one file a picture, under LOOKS_FOLDER or `looks/`. What is wider than its window, or smaller than a
 * finger on a phone, is named at the end. LOOKS_PARTS takes some parts only.
 */
const FOLDER = process.env["LOOKS_FOLDER"] ?? "looks";
const LOOKS = {
  light: { colorScheme: "light", width: 1280 },
  dark: { colorScheme: "dark", width: 1280 },
  phone: { colorScheme: "light", width: 360, height: 640 },
  "phone-dark": { colorScheme: "dark", width: 360, height: 640 },
} as const;
/** Members of the task that is as long as such tasks get. */
const MEMBERS = 64;
/** Founders of whom one deployment may have as many; the others are voted in. */
const FOUNDERS = 36;

const TABS = ["now", "rounds", "curves", "terms", "roster", "model"] as const;
const findings = new Set<string>();

const parts: Readonly<Record<string, () => Promise<void>>> = {
  empty: lookAtNothing,
  scenario: lookAtStory,
  longest: lookAtLongest,
};
const wanted = process.env["LOOKS_PARTS"]?.split(",") ?? Object.keys(parts);
for (const name of wanted) await parts[name]?.();
for (const finding of findings) console.log(finding);

/** No task and no node beside the founders; an endpoint that is dead, slow, or lost; a configuration that is wrong. */
async function lookAtNothing(): Promise<void> {
  const fixture = await open(1);
  const visitor = await fixture.visit();
  const { page } = visitor;
  const take = into("empty");
  await pictures(visitor, take, {
    home: "/",
    tasks: "/tasks",
    work: "/work",
    nodes: "/nodes",
    audit: "/audit",
    "unknown-task": "/tasks/99",
    "unknown-page": "/no/such/page",
  });
  await page.getByRole("button", { name: "Connect wallet" }).click();
  await take(page, "no-wallet");
  await page.keyboard.press("Escape");

  const proxy = await EndpointProxy.open(fixture.rpcUrl);
  fixture.site.config = await fixture.config({ rpcUrls: [proxy.url] });
  await page.goto("about:blank");
  await visitor.open("/tasks");
  await proxy.down();
  await page.getByText("The network’s endpoint does not answer.").waitFor();
  await take(page, "endpoint-lost");
  const newcomer = await fixture.visit();
  await newcomer.page.goto(`${fixture.site.url}#/tasks`);
  await newcomer.page.getByText("The network’s endpoint does not answer.").waitFor();
  await take(newcomer.page, "endpoint-dead");
  await newcomer.context.close();

  const waiting = await fixture.visit();
  fixture.site.config = await fixture.config();
  await waiting.page.route(`${fixture.rpcUrl}/**`, () => {});
  for (const [name, path] of Object.entries({
    home: "/",
    tasks: "/tasks",
    task: "/tasks/2",
    audit: "/audit",
  })) {
    await waiting.page.goto("about:blank");
    await waiting.page.goto(`${fixture.site.url}#${path}`);
    await waiting.page.getByRole("heading", { level: 1 }).first().waitFor();
    await take(waiting.page, `reading-${name}`);
  }
  await waiting.context.close();

  fixture.site.config = { format: "concordat/dapp/1", networks: [] };
  await page.goto("about:blank");
  await page.goto(fixture.site.url);
  await page.getByRole("alert").waitFor();
  await take(page, "wrong-configuration");
  await fixture.close();
}

/** Tasks that ended, run, wait and failed, with and without a wallet. */
async function lookAtStory(): Promise<void> {
  const fixture = await open(5);
  const { connection, domain, contracts } = fixture.federation;
  const nodes = [...fixture.federation.nodes];
  const federation = new Federation(connection, nodes, domain, contracts);
  await playEventfulTask({ federation, nodes });
  await playStakedTask({ federation, nodes });
  await playFailures({ federation, nodes });
  await contracts.nodeRegistry.connect(federation.node(1).operator).proposeRemoval(3);
  const take = into("story");
  const visitor = await fixture.visit();
  const { page } = visitor;

  // The wizard, whose files are then those of task 5.
  await visitor.open("/publish");
  const next = page.getByRole("button", { name: /^(Next|To the confirmation)$/ });
  for (let step = 1; await next.isVisible(); step++) {
    await openDetails(page);
    await take(page, `publish-${step}`);
    await next.click();
  }
  await take(page, "publish-confirm-faults");
  await page.getByRole("button", { name: "Model and data" }).click();
  await page.getByText("Give the task a name").waitFor();
  await take(page, "publish-fault");
  await page.getByLabel("Name").fill("Handwriting of four clinics");
  await page.getByLabel("Description").fill("Digits as they stand on forms. Each clinic keeps its own.");
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByRole("button", { name: "Make manifest and initial model" }).click();
  await page.getByRole("button", { name: "Publish the task" }).waitFor();
  await take(page, "publish-confirm");
  const dags = [];
  for (const each of await page.getByRole("button", { name: "Save", exact: true }).all()) {
    const [download] = await Promise.all([page.waitForEvent("download"), each.click()]);
    dags.push(await buildDag(new Uint8Array(await readFile(await download.path()))));
  }
  const host = await serveBlocks(dags.flatMap(({ blocks }) => blocks));
  await contracts.nodeRegistry.connect(federation.node(1).operator).setEndpoints(host.endpoints);
  const [manifest, model] = dags;
  if (manifest === undefined || model === undefined) throw new Error("The wizard made no files");
  const terms = { manifestDigest: manifest.digest, initialModelDigest: model.digest, rounds: 4 };
  const players = [federation.node(1), federation.node(3), federation.node(5)];
  await federation.startTask(terms, players);
  const varied = (node: { readonly nodeId: number }): number[] =>
    Array.from({ length: 10 }, (_, r) => 8000 + 130 * r - 40 * (r - node.nodeId) ** 2);
  await federation.playRound(varied, { digest: model.digest });
  await federation.playRound(varied, { digest: model.digest });
  await federation.train([federation.node(1)]);
  await federation.publish(terms);

  await pictures(visitor, take, {
    home: "/",
    tasks: "/tasks",
    "tasks-filtered": "/tasks?text=nothing%20like%20this",
    ...Object.fromEntries(TABS.map((tab) => [`running-${tab}`, `/tasks/6?tab=${tab}`])),
    ...Object.fromEntries(TABS.map((tab) => [`ended-${tab}`, `/tasks/2?tab=${tab}`])),
    "round-void": "/tasks/2?tab=rounds&round=2&retry=0",
    "round-retried": "/tasks/2?tab=rounds&round=2&retry=1",
    "round-running": "/tasks/6?tab=rounds&round=3",
    "staked-terms": "/tasks/3?tab=terms",
    cancelled: "/tasks/4",
    aborted: "/tasks/5",
    "open-now": "/tasks/7",
    "open-rounds": "/tasks/7?tab=rounds",
    "open-curves": "/tasks/7?tab=curves",
    "open-roster": "/tasks/7?tab=roster",
    "open-model": "/tasks/7?tab=model",
    nodes: "/nodes",
    "nodes-one": "/nodes?node=2",
    audit: "/audit",
    "audit-filtered": "/audit?task=99",
  });
  await visitor.open("/nodes");
  await openDetails(page);
  await take(page, "nodes-details");
  await visitor.open("/tasks/6?tab=curves");
  await page.getByRole("button", { name: /^Read \d+ receipts$/ }).click();
  await page.getByRole("img", { name: /Gas/ }).first().waitFor();
  await take(page, "running-gas");
  await visitor.open("/tasks/6?tab=model");
  await page.getByRole("button", { name: "Fetch the model" }).click();
  await page.getByRole("button", { name: /^Save as safetensors/ }).waitFor();
  await take(page, "running-model-fetched");
  await visitor.open("/audit?task=1&round=1");
  await page.getByRole("button", { name: /^Recompute/ }).click();
  await page.getByRole("table", { name: "Facts of this round" }).waitFor();
  await page.locator(".events summary").first().click();
  await take(page, "audit-recomputed");
  await visitor.open("/audit");
  await page.getByRole("button", { name: /^Recompute/ }).click();
  await page.getByText(/facts agree with what the rules give/).waitFor();
  await take(page, "audit-all");
  await visitor.context.close();

  await lookAtWork(fixture, take);
  await host.close();
  await fixture.close();
}

/** What the operator of a node sees, and its wallet's dialog and transactions. */
async function lookAtWork(fixture: DappFixture, take: Take): Promise<void> {
  const operator = await fixture.visit(fixture.federation.nodes[0]?.operator);
  const { page, wallet } = operator;
  if (wallet === undefined) throw new Error("The operator has no wallet");
  await operator.open("/");
  await page.getByRole("button", { name: "Connect wallet" }).click();
  await take(page, "wallet-choice");
  await page.keyboard.press("Escape");
  await connect(operator);
  await pictures(operator, take, {
    "operator-home": "/",
    "operator-work": "/work",
    "operator-running": "/tasks/6",
    "operator-ended": "/tasks/2",
    "operator-staked": "/tasks/3",
    "operator-open": "/tasks/7",
    "operator-nodes": "/nodes",
  });
  await openDetails(page);
  await take(page, "operator-nodes-details");
  await operator.open("/");
  await page.getByRole("button", { name: /^0x/ }).click();
  await take(page, "wallet-connected");
  await page.keyboard.press("Escape");
  await operator.open("/tasks/7");
  wallet.declines = true;
  await page.getByRole("button", { name: /^Join/ }).first().click();
  await page.getByText("You declined this in your wallet.").waitFor();
  await take(page, "toast-declined");
  wallet.declines = false;
  await page.getByRole("button", { name: /^Join/ }).first().click();
  await page.getByText("Confirmed.").waitFor();
  await take(page, "toast-confirmed");
  wallet.chainId = 1;
  await page.reload();
  await page.getByRole("button", { name: "Wrong network" }).click();
  await take(page, "wallet-wrong-network");
  await operator.context.close();

  const [publisher] = await fixture.federation.connection.ethers.getSigners();
  if (publisher === undefined) throw new Error("The network has no accounts");
  const stranger = await fixture.visit(
    await fixture.federation.admit().then(({ operator: account }) => account),
  );
  await stranger.open("/work");
  await connect(stranger);
  await pictures(stranger, take, {
    "newcomer-work": "/work",
    "newcomer-open": "/tasks/7",
    "newcomer-nodes": "/nodes",
  });
  await stranger.context.close();
}

/** The longest texts and the greatest numbers that contracts and manifests take, and as many members. */
async function lookAtLongest(): Promise<void> {
  const fixture = await open(FOUNDERS);
  const { federation } = fixture;
  const { contracts, connection } = federation;
  const admitted = [];
  for (let node = FOUNDERS; node < MEMBERS; node++) admitted.push(await federation.admit());
  await federation.startTask({ maxNodes: MEMBERS, rounds: 30 }, [...federation.nodes, ...admitted]);
  const varied = (node: { readonly nodeId: number }): number[] =>
    Array.from({ length: 10 }, (_, r) => 9000 - 17 * node.nodeId - 90 * r);
  for (let round = 0; round < 3; round++) await federation.playRound(varied);
  await federation.train(federation.nodes.slice(0, 20));
  const [, garbage, victim] = federation.nodes;
  if (garbage === undefined || victim === undefined) throw new Error("The federation has too few nodes");
  const { hostile } = fixture;
  const token = await connection.ethers.getContractAt("NamedToken", hostile.token);
  const author = await connection.ethers.getImpersonatedSigner(hostile.account);
  const balance = (await token.getFunction("balanceOf")(hostile.account)) as bigint;
  await (await token.connect(author).getFunction("transfer")(victim.operator.address, balance)).wait();
  await token.connect(victim.operator).getFunction("approve")(contracts.stakeVault, 2n ** 256n - 1n);
  await contracts.token.connect(victim.operator).approve(contracts.taskRegistry, 2n ** 256n - 1n);
  await contracts.nodeRegistry.connect(victim.operator).proposeRemoval(garbage.nodeId);

  const take = into("longest");
  const visitor = await fixture.visit(victim.operator);
  const { page } = visitor;
  await visitor.open("/");
  await connect(visitor);
  const task = `/tasks/${hostile.taskId}`;
  await pictures(visitor, take, {
    home: "/",
    tasks: "/tasks",
    work: "/work",
    nodes: "/nodes",
    "many-now": "/tasks/2",
    "many-rounds": "/tasks/2?tab=rounds",
    "many-round": "/tasks/2?tab=rounds&round=2",
    "many-round-running": "/tasks/2?tab=rounds&round=4",
    "many-curves": "/tasks/2?tab=curves",
    "many-roster": "/tasks/2?tab=roster",
    audit: "/audit",
  });
  for (const tab of TABS) {
    await visitor.open(`${task}?tab=${tab}`);
    await page.getByRole("heading", { level: 1, name: /WWW/ }).waitFor();
    await take(page, `hostile-${tab}`);
  }
  await visitor.open("/audit?name=TaskPublished");
  await page.locator(".events summary").first().click();
  await take(page, "audit-event");
  await visitor.open("/publish");
  await page.getByLabel("Name").fill("W".repeat(MANIFEST_LIMITS.maxNameLength));
  await page.getByLabel("Description").fill("M".repeat(MANIFEST_LIMITS.maxDescriptionLength));
  await take(page, "publish-model");
  await visitor.open("/publish?step=6");
  await fillAll(page.getByRole("textbox"), "9".repeat(78));
  await take(page, "publish-rewards");
  await page.getByRole("button", { name: "To the confirmation" }).click();
  await take(page, "publish-confirm");
  await visitor.context.close();
  await fixture.close();
}

type Take = (page: Page, name: string) => Promise<void>;

async function open(nodes: number): Promise<DappFixture> {
  const fixture = await DappFixture.open(nodes);
  if (fixture === undefined) throw new Error("There is no Chromium on this machine");
  return fixture;
}

async function pictures(
  visitor: Visitor,
  take: Take,
  paths: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, path] of Object.entries(paths)) {
    await visitor.open(path);
    await take(visitor.page, name);
  }
}

/** Takes a page as it stands in every look: the whole page, or the window where a dialog lies over it. */
function into(part: string): Take {
  const folder = join(FOLDER, part);
  return async (page, name) => {
    await mkdir(folder, { recursive: true });
    await page
      .getByText(/^(Loading…|asking…)$/)
      .first()
      .waitFor({ state: "detached" });
    // Nothing is pictured as if it were pointed at.
    await page.mouse.move(0, 0);
    const isDialog = (await page.locator("dialog[open]").count()) > 0;
    for (const [look, size] of Object.entries(LOOKS)) {
      await takeLook(page, size);
      if (!isDialog) await page.evaluate(allowShortPages, true);
      const { scrollHeight: height, scrollWidth } = await page.evaluate(sizeOf);
      const wider = scrollWidth - size.width;
      if (wider > 0) findings.add(`${part}/${name} at ${size.width} px is ${wider} px wider than its window`);
      if (look === "phone") for (const each of await smallTargets(page)) findings.add(`${part}: ${each}`);
      // In a window as high as the page, what is fixed to the window's edges stands at the page's.
      if (!isDialog) await takeLook(page, { ...size, height });
      await page.screenshot({ path: join(folder, `${name}-${look}.png`) });
      await page.evaluate(allowShortPages, false);
    }
    await takeLook(page, LOOKS.light);
  };
}

/** In the page. */
function sizeOf(): { scrollHeight: number; scrollWidth: number } {
  const { scrollHeight, scrollWidth } = document.documentElement;
  return { scrollHeight, scrollWidth };
}

/** In the page: whether its footer may stand within the window, as in a picture it does. */
function allowShortPages(isShort: boolean): void {
  const main = document.querySelector<HTMLElement>("main");
  if (main !== null) main.style.minHeight = isShort ? "0" : "";
}

/** Shows what a page folds away. */
async function openDetails(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (const each of document.querySelectorAll("main details")) each.setAttribute("open", "");
  });
}

async function fillAll(fields: Locator, text: string): Promise<void> {
  for (const field of await fields.all()) if (await field.isVisible()) await field.fill(text);
}
