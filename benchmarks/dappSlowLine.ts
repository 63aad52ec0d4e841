/**
 * When a first visitor on a slow line sees the dApp: largest contentful paint, layout shift, and the time until what the page
 * is about is there. Chromium with DevTools' "Slow 4G" (1.44 Mbit/s down, 0.675 up, 562.5 ms a round trip) and a processor
 * four times slower reads the built dApp in frontend/dist (or CONCORDAT_DAPP), sent by gzip over HTTP/1.1.
 *
 *     node benchmarks/dappSlowLine.ts [RUNS]    writes benchmarks/results/dapp-slow-line.json and .md
 */
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { DappFixture } from "../test/browser/dappFixture.ts";

const [runs = 3] = process.argv.slice(2).map(Number);
/** As DevTools throttles for "Slow 4G", in bytes a second. */
const SLOW_4G = {
  offline: false,
  latency: 562.5,
  downloadThroughput: 180_000,
  uploadThroughput: 84_375,
} as const;
const SLOWDOWN = 4;
/** What each page must show before it counts as there. */
const PAGES = [
  ["home", "/", "Open and running tasks"],
  ["tasks", "/tasks", "mean score"],
  ["task", "/tasks/2", "Round 2, the last one finalised"],
  ["nodes", "/nodes", "Node 4"],
  ["audit", "/audit", "Save as CSV"],
] as const;

/** Milliseconds from the start of the visit, but for the shift, which has no unit. */
interface Seen {
  readonly page: string;
  readonly firstPaintMs: number;
  readonly largestPaintMs: number;
  readonly thereMs: number;
  readonly shift: number;
  /** What was the largest. */
  readonly largest: string;
}

interface Watched {
  seen?: { largest: number; text: string; shift: number };
}

process.env["CONCORDAT_DAPP"] ??= fileURLToPath(new URL("../frontend/dist", import.meta.url));
const fixture = await DappFixture.open();
if (fixture === undefined) throw new Error("This machine has no Chromium");
await fixture.federation.startTask();
await fixture.federation.playRound();
await fixture.federation.playRound();

const results: Seen[] = [];
for (const [name, path, text] of PAGES) {
  const seen: Seen[] = [];
  for (let run = 0; run < runs; run++) seen.push(await look(name, path, text));
  results.push(seen.toSorted((a, b) => a.largestPaintMs - b.largestPaintMs)[runs >> 1] ?? fail());
}
await fixture.close();

const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, load: loadavg()[0] ?? 0 };
const file = (ending: string): URL => new URL(`results/dapp-slow-line.${ending}`, import.meta.url);
writeFileSync(
  file("json"),
  `${JSON.stringify({ runs, line: SLOW_4G, slowdown: SLOWDOWN, machine, results }, null, 2)}\n`,
);
writeFileSync(file("md"), report());
console.log(report());

function fail(): never {
  throw new Error("There was no run");
}

async function look(name: string, path: string, text: string): Promise<Seen> {
  const { context, page } = await (fixture ?? fail()).visit();
  await page.addInitScript(watch);
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", SLOW_4G);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
  await page.goto(`${(fixture ?? fail()).site.url}#${path}`, { waitUntil: "commit", timeout: 120_000 });
  await page.getByText(text).first().waitFor({ timeout: 120_000 });
  const seen = await read(page);
  await context.close();
  return { page: name, ...seen };
}

async function read(page: Page): Promise<Omit<Seen, "page">> {
  return page.evaluate(() => {
    const { seen } = globalThis as Watched;
    const first = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN;
    return {
      firstPaintMs: Math.round(first),
      largestPaintMs: Math.round(seen?.largest ?? Number.NaN),
      thereMs: Math.round(performance.now()),
      shift: Math.round(1000 * (seen?.shift ?? 0)) / 1000,
      largest: seen?.text ?? "",
    };
  });
}

/** Runs in the page, before anything else. */
function watch(): void {
  interface Paint extends PerformanceEntry {
    readonly element?: Element | null;
  }
  interface Shift extends PerformanceEntry {
    readonly value: number;
  }
  const seen = { largest: 0, text: "", shift: 0 };
  (globalThis as Watched).seen = seen;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as Paint[]) {
      seen.largest = entry.startTime;
      seen.text = entry.element?.textContent?.trim().slice(0, 60) ?? "";
    }
  }).observe({ type: "largest-contentful-paint", buffered: true });
  new PerformanceObserver((list) => {
    for (const { value } of list.getEntries() as Shift[]) seen.shift += value;
  }).observe({ type: "layout-shift", buffered: true });
}

function report(): string {
  const rows = results.map(
    ({ page, firstPaintMs, largestPaintMs, thereMs, shift, largest }) =>
      `| ${page} | ${seconds(firstPaintMs)} | ${seconds(largestPaintMs)} | ${seconds(thereMs)} | ${shift} | ${largest.replaceAll("|", "/")} |`,
  );
  return `# The dApp on a slow line

A first visit on DevTools’ “Slow 4G” with a processor ${SLOWDOWN} times slower, the median of ${runs} by largest paint: ${machine.cpu}, ${machine.cores} cores, load ${machine.load.toFixed(1)} at the end.
Seconds from the start of the visit. Again: \`node benchmarks/dappSlowLine.ts\`.

| page | first paint | largest paint (LCP) | what it is about is there | layout shift (CLS) | largest |
| --- | ---: | ---: | ---: | ---: | --- |
${rows.join("\n")}
`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
