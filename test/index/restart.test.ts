import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { expect } from "chai";
import { ADDRESS_BOOK_FORMAT } from "#protocol/contracts/addressBook";
import { beginScenario, playEventfulTask, playStakedTask } from "../audit/scenario.ts";
import type { Scenario } from "../audit/scenario.ts";
import { start } from "../cli/concordat.ts";
import type { Outcome } from "../cli/concordat.ts";
import { ask, chainOf, contents, serveChain, suiteFolder, writeIndex } from "./scenarioIndex.ts";

/** An index that is being served. */
interface Serving {
  readonly child: ChildProcess;
  readonly done: Promise<Outcome>;
  /** Where it answers; rejects when it ends before. */
  readonly url: Promise<string>;
}

/** Blocks that the endpoint answers for at once, so that a reading has many parts. */
const WIDTH = 8;

describe("concordat index serve", () => {
  const folder = suiteFolder();
  let scenario: Scenario;
  let book: string;

  before(async () => {
    scenario = await beginScenario();
    await playEventfulTask(scenario);
    await playStakedTask(scenario);
    book = writeBook("addresses.json");
  });

  const writeBook = (name: string, changes: { deploymentBlock?: number } = {}): string => {
    const path = folder.file(name);
    const text = { format: ADDRESS_BOOK_FORMAT, network: "test", ...chainOf(scenario), ...changes };
    writeFileSync(path, JSON.stringify(text));
    return path;
  };

  const serve = (rpc: string, db: string, addresses = book): Serving => {
    const files = ["--rpc", rpc, "--address-book", addresses, "--db", db];
    const { child, done, says } = start(
      ["index", "serve", "--listen", "127.0.0.1:0", "--poll", "0.05"].concat(files),
    );
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const url = says("\n").then(() => /http:\S+/.exec(text)?.[0] ?? "");
    url.catch(() => undefined);
    return { child, done, url };
  };

  it("goes on after a kill in the middle, again and again, and ends with what a fresh index has", async () => {
    const db = folder.file("killed.sqlite");
    for (const answers of [3, 4]) {
      let left = answers;
      const held = Promise.withResolvers<void>();
      const endpoint = await serveChain(scenario, async (method, params) => {
        if (method !== "eth_getLogs") return;
        refuseWide(params);
        if (left-- > 0) return;
        held.resolve();
        await new Promise(() => undefined);
      });
      const running = serve(endpoint.url, db);
      try {
        await Promise.race([
          held.promise,
          running.done.then(({ stderr }) => Promise.reject(new Error(stderr))),
        ]);
        running.child.kill("SIGKILL");
        await running.done;
      } finally {
        endpoint.close();
      }
      expect(ask(db, "SELECT count(*) AS n FROM checkpoints")).to.not.deep.equal([{ n: 0 }]);
    }
    const reached = Number(ask(db, "SELECT max(number) AS n FROM checkpoints")[0]?.["n"]);

    const asked: number[] = [];
    const endpoint = await serveChain(scenario, async (method, params) => {
      if (method !== "eth_getLogs") return;
      refuseWide(params);
      asked.push(Number((params[0] as { fromBlock: string }).fromBlock));
    });
    const running = serve(endpoint.url, db);
    try {
      await untilCurrent(running);
    } finally {
      running.child.kill("SIGTERM");
      expect((await running.done).code).to.equal(130);
      endpoint.close();
    }

    // It goes on where it stopped; what stood near the head then is looked at once more.
    expect(asked).to.include(reached + 1);
    expect(Math.min(...asked)).to.be.at.least(reached - 32);
    const fresh = folder.file("fresh.sqlite");
    await writeIndex(scenario, fresh);
    expect(contents(db)).to.deep.equal(contents(fresh));
  });

  it("serves what it has while the endpoint is away, and goes on when it is back", async () => {
    let isAway = false;
    const endpoint = await serveChain(scenario, async () => {
      if (isAway) throw new Error("away");
    });
    const running = serve(endpoint.url, folder.file("away.sqlite"));
    try {
      const before = await untilCurrent(running);
      isAway = true;
      const away = await untilStatus(running, ({ endpointAnswers }) => !endpointAnswers);
      expect(away["block"]).to.equal(before["block"]);
      await scenario.federation.connection.networkHelpers.mine(2);
      isAway = false;
      const back = await untilStatus(running, ({ block }) => Number(block) >= Number(before["block"]) + 2);
      expect(back).to.include({ endpointAnswers: true, behind: 0 });
    } finally {
      running.child.kill("SIGTERM");
      await running.done;
      endpoint.close();
    }
  });

  it("waits for an endpoint that comes after it", async () => {
    let isAway = true;
    let asked = 0;
    const askedAgain = Promise.withResolvers<void>();
    const endpoint = await serveChain(scenario, async () => {
      if (!isAway) return;
      if (++asked === 4) askedAgain.resolve();
      throw new Error("away");
    });
    const running = serve(endpoint.url, folder.file("early.sqlite"));
    try {
      const ended = running.done.then(({ stderr }) => Promise.reject(new Error(stderr)));
      await Promise.race([askedAgain.promise, ended]);
      isAway = false;
      await Promise.race([untilCurrent(running), ended]);
    } finally {
      running.child.kill("SIGTERM");
      expect((await running.done).code).to.equal(130);
      endpoint.close();
    }
  });

  it("refuses a second writer, another chain's index and a foreign file with one line and exit code 2", async () => {
    const endpoint = await serveChain(scenario);
    const db = folder.file("one.sqlite");
    const first = serve(endpoint.url, db);
    try {
      await untilCurrent(first);
      const second = await serve(endpoint.url, db).done;
      expect([second.code, second.stderr]).to.deep.equal([
        2,
        `concordat: Another process is writing the index ${db}. Use that one, stop it, or give another file with --db\n`,
      ]);
    } finally {
      first.child.kill("SIGTERM");
      await first.done;
    }
    try {
      const later = writeBook("later.json", { deploymentBlock: 1 });
      const other = await serve(endpoint.url, db, later).done;
      expect([other.code, other.stderr]).to.deep.equal([
        2,
        `concordat: The index ${db} has deploymentBlock 0, not 1. Give the endpoint, address book and --transactions setting that it was made with, or another file with --db\n`,
      ]);
      const foreign = await serve(endpoint.url, book).done;
      expect([foreign.code, foreign.stderr]).to.deep.equal([
        2,
        `concordat: ${book} is not an index. Give another file with --db\n`,
      ]);
    } finally {
      endpoint.close();
    }
  });
});

function refuseWide(params: readonly unknown[]): void {
  const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string };
  if (Number(toBlock) - Number(fromBlock) >= WIDTH) throw new Error("too many blocks");
}

async function untilCurrent(serving: Serving): Promise<Record<string, unknown>> {
  return untilStatus(serving, ({ behind }) => behind === 0);
}

/** Asks for the status until it is as wanted. */
async function untilStatus(
  serving: Serving,
  isWanted: (status: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  const url = await serving.url;
  for (;;) {
    const status = (await (await fetch(`${url}/status`)).json()) as Record<string, unknown>;
    if (isWanted(status)) return status;
  }
}
