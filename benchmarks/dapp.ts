/**
 * How smooth the dApp is with a long task of many nodes: time to the first content and to the task, what blocks the page, how
 * it scrolls, and its memory. Chromium reads the built dApp in frontend/dist (or CONCORDAT_DAPP).
 *
 *     node benchmarks/dapp.ts [ROUNDS] [NODES]    writes benchmarks/results/dapp.json and .md
 */
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import hre from "hardhat";
import type { CDPSession, Locator, Page } from "playwright-core";
import { ADDRESS_BOOK_FORMAT } from "#protocol/contracts/addressBook";
import { chromiumPath, launchBrowser } from "../test/browser/browser.ts";
import { EndpointProxy } from "../test/browser/proxy.ts";
import { serveSite } from "../test/browser/site.ts";
import { deployFederation, wideNetwork } from "../test/contracts/federation.ts";
import type { RpcLog } from "./longTask.ts";
import { blockOf, prolong } from "./longTask.ts";

/** What happened on the page in one step. */
interface Step {
  readonly step: string;
  /** From the action to the content that it asks for. */
  readonly ms: number;
  /** Tasks of more than 50 ms that kept the page from answering, the longest of them, and all together. */
  readonly longTasks: number;
  readonly longestMs: number;
  readonly blockedMs: number;
  /** While scrolling through the whole page: the median, 95th percentile and longest time between frames. */
  readonly frames: { readonly median: number; readonly p95: number; readonly longest: number };
  /** After garbage collection. */
  readonly heapMb: number;
  readonly elements: number;
}

/** The page with the durations of its long tasks, in milliseconds. */
interface Watched {
  readonly longTasks?: number[];
}

const [rounds = 200, nodes = 100] = process.argv.slice(2).map(Number);
/** Rounds that are really played; the last of them is repeated. */
const PLAYED = 2;

const executable = chromiumPath();
if (executable === undefined) throw new Error("This machine has no Chromium");
process.env["CONCORDAT_DAPP"] ??= fileURLToPath(new URL("../frontend/dist", import.meta.url));

const server = await hre.network.createServer(wideNetwork, "127.0.0.1", 0);
const { address, port } = await server.listen();
const url = `http://${address}:${port}`;
const connection = await hre.network.create({ network: "local", override: { url } });
const federation = await deployFederation(connection as unknown as Parameters<typeof deployFederation>[0], {
  nodes,
});
await federation.startTask({ rounds: Math.max(rounds, PLAYED + 1) });
const { provider } = federation.connection.ethers;
let height = 0;
for (let count = 0; count < PLAYED; count++) {
  const before = await provider.getBlockNumber();
  await federation.playRound();
  height = (await provider.getBlockNumber()) - before;
}
// Room for the rounds that are told without being played.
await federation.connection.networkHelpers.mine(height * (rounds - PLAYED), { interval: 0 });

const { nodeRegistry, taskRegistry, stakeVault, rewardLedger, coordinator, token } = federation.contracts;
const contracts = {
  NodeRegistry: await nodeRegistry.getAddress(),
  TaskRegistry: await taskRegistry.getAddress(),
  StakeVault: await stakeVault.getAddress(),
  RewardLedger: await rewardLedger.getAddress(),
  RoundCoordinator: await coordinator.getAddress(),
};
const played = (await provider.send("eth_getLogs", [
  { fromBlock: "0x0", toBlock: "latest", address: Object.values(contracts) },
])) as RpcLog[];
const logs = prolong(played, PLAYED, rounds);
const proxy = await EndpointProxy.open(url);
proxy.alter = ({ method, params }, result) => {
  if (method !== "eth_getLogs") return result;
  const [{ fromBlock, toBlock }] = params as [{ fromBlock: string; toBlock: string }];
  return logs.filter((log) => blockOf(log) >= Number(fromBlock) && blockOf(log) <= Number(toBlock));
};
const addressBook = {
  format: ADDRESS_BOOK_FORMAT,
  chainId: 31_337,
  network: "benchmark",
  deploymentBlock: 1,
  contracts,
  tokens: { DevelopmentToken: await token.getAddress() },
};
const [browser, site] = await Promise.all([launchBrowser(executable), serveSite()]);
site.config = { format: "concordat/dapp/1", networks: [{ rpcUrls: [proxy.url], addressBook }] };

const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
page.setDefaultTimeout(180_000);
await page.addInitScript(watchLongTasks);
const devtools = await page.context().newCDPSession(page);
const steps: Step[] = [];
const task = (search: string) => async (): Promise<void> => {
  await page.goto(`${site.url}#/tasks/1${search}`);
};
const heading = page.getByRole("heading", { level: 1, name: "Task 1" });

steps.push(await measure("first visit: task", task(""), heading));
steps.push(await measure("second visit: task", () => page.reload().then(() => undefined), heading));
const firstContent = await page.evaluate(
  () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
);
steps.push(
  await measure("list of rounds", task("?tab=rounds"), page.getByRole("table", { name: "All rounds" })),
);
steps.push(
  await measure(
    "all rounds in the list",
    async () => {
      for (const more = page.getByRole("button", { name: /^Show more/ }); await more.isVisible();)
        await more.click();
    },
    page.getByRole("link", { name: "1", exact: true }),
  ),
);
steps.push(
  await measure(
    "one round with its score table",
    task(`?tab=rounds&round=${rounds - 1}`),
    page.getByRole("region", { name: "Accuracy table" }),
  ),
);
steps.push(await measure("curves", task("?tab=curves"), page.locator(".chart canvas").nth(3)));
steps.push(await measure("roster", task("?tab=roster"), page.getByRole("table", { name: "Roster" })));
steps.push(
  await measure(
    "audit: all events",
    async () => {
      await page.goto(`${site.url}#/audit`);
    },
    page.getByRole("heading", { name: /events$/ }),
  ),
);
write(steps, firstContent);

await browser.close();
await site.close();
await proxy.down();
await connection.close();
await server.close();

async function measure(step: string, act: () => Promise<void>, content: Locator): Promise<Step> {
  const start = performance.now();
  await page.evaluate(() => {
    // A page that is loaded anew begins with an empty list of its own.
    (globalThis as unknown as Watched).longTasks?.splice(0);
  });
  await act();
  await content.waitFor({ state: "attached" });
  await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => setTimeout(painted))));
  const ms = performance.now() - start;
  const tasks = await page.evaluate(() => (globalThis as unknown as Watched).longTasks ?? []);
  const frames = await scrollThrough(page);
  return {
    step,
    ms: round(ms),
    longTasks: tasks.length,
    longestMs: round(Math.max(0, ...tasks)),
    blockedMs: round(tasks.reduce((sum, each) => sum + each, 0)),
    frames,
    heapMb: await heapMb(devtools),
    elements: await page.locator("*").count(),
  };
}

/** Runs in the page, from its first moment. */
function watchLongTasks(): void {
  const longTasks: number[] = [];
  Object.assign(globalThis, { longTasks } satisfies Watched);
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration);
  }).observe({ type: "longtask", buffered: true });
}

/** Scrolls by a screen in ten frames until the end, and times the frames. */
async function scrollThrough(on: Page): Promise<Step["frames"]> {
  const times = await on.evaluate(async () => {
    const found: number[] = [];
    const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
    let last = await frame();
    for (let moves = 0; moves < 400; moves++) {
      const top = scrollY;
      scrollBy(0, innerHeight / 10);
      const now = await frame();
      found.push(now - last);
      last = now;
      if (scrollY === top && moves > 10) break;
    }
    scrollTo(0, 0);
    return found;
  });
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  return { median: at(0.5), p95: at(0.95), longest: at(1) };
}

async function heapMb(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.enable");
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return round(usedSize / (1 << 20));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function write(all: readonly Step[], firstContentMs: number): void {
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
  const chromium = browser.version();
  const load = round(loadavg()[0] ?? 0);
  const result = { rounds, nodes, events: logs.length, machine, chromium, load, firstContentMs, steps: all };
  writeFileSync(new URL("results/dapp.json", import.meta.url), `${JSON.stringify(result, null, 2)}\n`);
  const lines = all.map(
    ({ step, ms, longTasks, longestMs, blockedMs, frames, heapMb: heap, elements }) =>
      `| ${step} | ${ms} | ${longTasks} | ${longestMs} | ${blockedMs} | ${frames.median} / ${frames.p95} / ${frames.longest} | ${heap} | ${elements} |`,
  );
  const text = `# The dApp with a long task

${rounds} rounds of ${nodes} nodes: ${logs.length} events, of which the first ${PLAYED} rounds were played on a local chain and the others repeat them with
other scores. ${machine.cpu}, ${machine.cores} cores, Chromium ${chromium} without a GPU; load average at the end ${load}. The chain, the
endpoint and the browser share the processors. Page and endpoint are local, so times tell what the page itself costs.

First content painted ${round(firstContentMs)} ms after the second visit began. A long task is one of more than 50 ms, in which the page answers nobody.

| step | until it is there, ms | long tasks | longest, ms | together, ms | frames while scrolling, ms (median / 95 % / longest) | heap, MB | elements |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${lines.join("\n")}

Again: \`node benchmarks/dapp.ts\`.
`;
  writeFileSync(new URL("results/dapp.md", import.meta.url), text);
  console.log(text);
}
