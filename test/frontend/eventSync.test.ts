import { expect } from "chai";
import type { EventFragment } from "ethers";
import type { Hex } from "viem";
import { chainReader } from "#frontend/events/chainReader.ts";
import type { SendRequest } from "#frontend/events/chainReader.ts";
import type { IndexClient } from "#frontend/events/indexClient.ts";
import { readIndexed } from "#frontend/events/readIndexed.ts";
import type { Segment } from "#frontend/events/segment.ts";
import type { FederationState } from "#protocol/history/federationState";
import { beginScenario } from "../audit/scenario.ts";
import type { Scenario } from "../audit/scenario.ts";
import { Follower, MemoryCache, endpointOf, freshState } from "./follower.ts";

/** Blocks in which nothing happens, as on a chain that others use too. */
const QUIET_BLOCKS = 20_000;

interface LogQuery {
  readonly from: number;
  readonly to: number;
}

describe("following a chain's events", () => {
  let scenario: Scenario;
  let truth: FederationState;
  let head: number;

  before(async () => {
    scenario = await beginScenario();
    await scenario.federation.connection.networkHelpers.mine(QUIET_BLOCKS);
    await scenario.federation.startTask({ rounds: 4 });
    await scenario.federation.playRound();
    await scenario.federation.playRound();
    truth = await freshState(scenario);
    head = Number(await endpointOf(scenario)("eth_blockNumber", []));
  });

  it("a chain that was read at once has every round, with its updates and tables", () => {
    const openings = truth.tasks.get(1)?.openings ?? [];
    expect(openings.map(({ round, updates, reports }) => [round, updates.size, reports.size])).to.deep.equal([
      [1, 5, 5],
      [2, 5, 5],
      [3, 0, 0],
    ]);
  });

  for (const [limit, refusal] of [
    ["blocks", "exceed maximum block range: 1000"],
    ["results", "query returned more than 10 results"],
    ["time", "query timeout exceeded"],
  ] as const) {
    it(`an endpoint that limits the ${limit} of a query is asked for smaller ranges, and tells the same`, async () => {
      const { request, queries } = provider((answer, { from, to }) => {
        const blocks = to - from + 1;
        const refused = { blocks: blocks > 1000, results: answer.length > 10, time: blocks > 3000 }[limit];
        if (refused) throw Object.assign(new Error(refusal), { code: -32_005 });
      });
      const follower = new Follower(scenario, request);
      const { syncedTo, error } = await follower.advance();
      expect(error).to.equal(undefined);
      expect(syncedTo).to.equal(head);
      expect(follower.federation).to.deep.equal(truth);
      expect(queries.length, "queries").to.be.below(100);
    });
  }

  it("where nothing is refused, ranges grow, so that a long quiet chain takes few queries", async () => {
    const { request, queries } = provider();
    await new Follower(scenario, request).advance();
    const lengths = queries.map(({ from, to }) => to - from + 1);
    expect(lengths.slice(0, 3)).to.deep.equal([2000, 4000, 8000]);
    expect(queries.length).to.be.below(6);
  });

  it("an endpoint that refuses even single blocks ends in its own error, as of the last block that it told", async () => {
    const broken = head - 30;
    const { request } = provider((_answer, { from, to }) => {
      if (from <= broken && broken <= to) throw new Error("internal error");
    });
    const { error, syncedTo } = await new Follower(scenario, request).advance();
    expect(error).to.be.an("error").with.property("message", "internal error");
    expect(syncedTo).to.equal(broken - 1);
  });

  it("an endpoint that is down is not asked again and again; once it is back, reading goes on where it stopped", async () => {
    let isDown = false;
    const { request, queries } = provider(() => {
      if (isDown) throw new TypeError("fetch failed");
      isDown = true;
    });
    const follower = new Follower(scenario, request, {
      mayAnswerLess: (error) => !(error instanceof TypeError),
    });
    const stopped = await follower.advance();
    expect(stopped.error).to.be.instanceOf(TypeError);
    expect(queries.length).to.equal(2);
    const went: number[] = [];
    for (let polls = 0; follower.status.syncedTo < head && polls < 10; polls++) {
      isDown = false;
      went.push((await follower.advance()).syncedTo);
    }
    expect(went).to.deep.equal(went.toSorted((a, b) => a - b));
    expect(follower.federation).to.deep.equal(truth);
  });

  it("an endpoint that limits the rate of requests is asked for the same range again after a pause", async () => {
    let refusals = 2;
    const { request, queries } = provider(() => {
      if (refusals-- > 0) throw new RangeError("too many requests");
    });
    const isRateLimited = (error: unknown): boolean => error instanceof RangeError;
    const follower = new Follower(scenario, request, { isRateLimited });
    expect((await follower.advance()).error).to.equal(undefined);
    expect(queries.slice(0, 3).map(({ from, to }) => [from, to])).to.deep.equal(
      Array.from({ length: 3 }, () => [queries[0]?.from, queries[0]?.to]),
    );
    expect(follower.federation).to.deep.equal(truth);
  });

  it("a log that makes no sense is an error; once it does, no event before it counts twice", async () => {
    let isBroken = true;
    const { request } = provider((answer) => {
      if (isBroken) Object.assign(answer[5] ?? {}, { data: "0x01" });
    });
    const follower = new Follower(scenario, request);
    expect((await follower.advance()).error).to.be.instanceOf(Error);
    expect(follower.federation.tasks.size).to.equal(0);
    isBroken = false;
    expect((await follower.advance()).error).to.equal(undefined);
    expect(follower.federation).to.deep.equal(truth);
  });

  it("an index that answers a block at a time is left after a few answers", async () => {
    const reader = chainReader(endpointOf(scenario));
    const addresses = Object.values(scenario.deployment.contracts) as Hex[];
    const { deploymentBlock } = scenario.deployment;
    const index: IndexClient = {
      url: "https://index.example",
      segment: async (from) => {
        const toHash = (await reader.block(from))?.hash ?? "0x";
        return { from, to: from, toHash, logs: await reader.logs(addresses, from, from), index: index.url };
      },
    };
    const ends: number[] = [];
    for await (const { to } of readIndexed(index, reader, addresses, deploymentBlock, head)) ends.push(to);
    expect(ends).to.deep.equal([0, 1, 2, 3].map((block) => deploymentBlock + block));
  });

  it("calls that overlap share one reading", async () => {
    const { request, queries } = provider();
    const follower = new Follower(scenario, request);
    await Promise.all([follower.advance(), follower.advance(), follower.advance()]);
    expect(new Set(queries.map(({ from }) => from)).size).to.equal(queries.length);
    expect(follower.federation).to.deep.equal(truth);
  });

  describe("whose endpoint lags, or leaves something out", () => {
    it("an older head takes nothing back, and is told as a lag, until the endpoint has caught up", async () => {
      let lag = 0;
      const endpoint = endpointOf(scenario);
      const request: SendRequest = async (method, params) => {
        const [tag] = params;
        const newest = head - lag;
        if (method !== "eth_getBlockByNumber") return endpoint(method, params);
        if (tag !== "latest" && Number(tag) > newest) return null;
        return endpoint(method, tag === "latest" ? [`0x${newest.toString(16)}`, false] : params);
      };
      const follower = new Follower(scenario, request);
      await follower.advance();
      for (lag of [1, 7, 500]) {
        const status = await follower.advance();
        expect(status).to.include({ error: undefined, lagsAt: head - lag, syncedTo: head });
        expect(status.head?.number).to.equal(head);
        expect(follower.federation).to.deep.equal(truth);
      }
      lag = 0;
      expect(await follower.advance()).to.include({ lagsAt: undefined, syncedTo: head });
    });

    it("a backend that has not heard of a block that another one told takes nothing back", async () => {
      const fork = await scenario.federation.connection.networkHelpers.takeSnapshot();
      let isBehind = false;
      const endpoint = endpointOf(scenario);
      const request: SendRequest = async (method, params) => {
        const isOld = method === "eth_getBlockByNumber" && Number(params[0]) === head;
        return isBehind && isOld ? null : endpoint(method, params);
      };
      const follower = new Follower(scenario, request);
      await follower.advance();
      await scenario.federation.connection.networkHelpers.mine(3);
      isBehind = true;
      const { error, syncedTo } = await follower.advance();
      expect(error)
        .to.be.an("error")
        .with.property("message")
        .that.matches(/does not know block/);
      expect(syncedTo).to.equal(head);
      expect(follower.federation).to.deep.equal(truth);
      isBehind = false;
      expect((await follower.advance()).error).to.equal(undefined);
      await fork.restore();
    });

    for (const [name, hides] of [
      ["an update", "UpdateAccepted"],
      ["a task", "TaskPublished"],
      ["a phase", "PhaseEntered"],
    ] as const) {
      it(`logs without ${name} that the contracts count are not shown, and are asked for until they are there`, async () => {
        const { federation } = scenario;
        const fork = await federation.connection.networkHelpers.takeSnapshot();
        let isHiding = false;
        const topic = topicOf(federation, hides);
        const { request } = provider((answer) => {
          if (!isHiding) return;
          const list = answer as { topics: readonly string[] }[];
          const place = list.findLastIndex((log) => log.topics[0] === topic);
          if (place >= 0) list.splice(place, 1);
        });
        const follower = new Follower(scenario, request, { counts: true });
        expect((await follower.advance()).error).to.equal(undefined);
        expect(follower.federation).to.deep.equal(truth);
        isHiding = true;
        await federation.train();
        await federation.publish();
        federation.taskId = 1n;
        for (let poll = 0; poll < 7; poll++) {
          expect((await follower.advance()).error)
            .to.be.an("error")
            .with.property("message")
            .that.matches(/^The endpoint has not told all up to block \d+: it has /);
        }
        isHiding = false;
        expect((await follower.advance()).error).to.equal(undefined);
        const whole = await freshState(scenario);
        expect(follower.federation).to.deep.equal(whole);
        // Nobody was shown anything between what there was and what there is.
        const seen = new Set(follower.shown.filter((count) => count > truth.events.length));
        expect([...seen]).to.deep.equal([whole.events.length]);
        await fork.restore();
      });
    }
  });

  describe("with what an earlier visit kept", () => {
    let kept: readonly Segment[];

    before(async () => {
      const cache = new MemoryCache();
      await new Follower(scenario, endpointOf(scenario), { cache }).advance();
      kept = cache.segments;
    });

    it("the same state is shown, and nothing is read again", async () => {
      const { federation, queries } = await visitWith(kept);
      expect(federation).to.deep.equal(truth);
      expect(queries).to.deep.equal([]);
    });

    for (const [name, spoil, readsFrom] of [
      ["a part is missing", (segments) => segments.filter((_, index) => index !== 1), 2000],
      [
        "it is of another chain",
        (segments) => segments.map((each) => ({ ...each, toHash: `0x${"99".repeat(32)}` as const })),
        0,
      ],
      ["its newest block is gone", (segments) => spoilLast(segments), undefined],
      ["it is empty", () => [], 0],
    ] as const satisfies readonly (readonly [
      string,
      (segments: readonly Segment[]) => readonly Segment[],
      number | undefined,
    ])[]) {
      it(`where ${name}, what cannot be trusted is read again, and the state is the same`, async () => {
        const { federation, queries, cache } = await visitWith(spoil(kept));
        expect(federation).to.deep.equal(truth);
        expect(queries[0]?.from).to.equal(readsFrom ?? kept.at(-1)?.from);
        expect(cache.segments.at(-1)).to.include({ to: head, toHash: kept.at(-1)?.toHash });
      });
    }

    it("a store that is full or forbidden changes nothing but the work of the next visit", async () => {
      const refuse = (): Promise<never> => Promise.reject(new Error("QuotaExceededError"));
      const follower = new Follower(scenario, endpointOf(scenario), {
        cache: { load: refuse, replace: refuse },
      });
      expect((await follower.advance()).error).to.equal(undefined);
      expect(follower.federation).to.deep.equal(truth);
    });

    async function visitWith(
      segments: readonly Segment[],
    ): Promise<{ federation: FederationState; queries: readonly LogQuery[]; cache: MemoryCache }> {
      const cache = new MemoryCache();
      cache.segments = segments;
      const { request, queries } = provider();
      const follower = new Follower(scenario, request, { cache });
      expect((await follower.advance()).error).to.equal(undefined);
      return { federation: follower.federation, queries, cache };
    }
  });

  describe("whose chain reorganises", () => {
    it("what was taken back is gone from the page, and from what the next visit finds", async () => {
      const { federation } = scenario;
      const cache = new MemoryCache();
      const follower = new Follower(scenario, endpointOf(scenario), { cache });
      const fork = await federation.connection.networkHelpers.takeSnapshot();
      await federation.playRound();
      await follower.advance();
      expect(follower.federation.tasks.get(1)?.openings).to.have.lengthOf(4);

      await fork.restore();
      await federation.train();
      // What is shorter than before is no proof: a lagging endpoint says the same.
      await federation.connection.networkHelpers.mine(5);
      await follower.advance();
      expect(follower.federation).to.deep.equal(await freshState(scenario));
      const next = new Follower(scenario, endpointOf(scenario), { cache });
      await next.advance();
      expect(next.federation).to.deep.equal(follower.federation);
      await fork.restore();
    });

    it("also while it is being read, between its header and its logs", async () => {
      const { federation } = scenario;
      const fork = await federation.connection.networkHelpers.takeSnapshot();
      await federation.train();
      let isOld = true;
      const { request } = provider(async () => {
        if (!isOld) return;
        isOld = false;
        await fork.restore();
        await federation.train([federation.node(1)]);
      });
      const follower = new Follower(scenario, request);
      expect((await follower.advance()).error).to.equal(undefined);
      expect(follower.federation).to.deep.equal(await freshState(scenario));
      expect(follower.federation.tasks.get(1)?.openings.at(-1)?.updates.size).to.equal(1);
      await fork.restore();
    });
  });

  /** The story's endpoint, whose answers about logs `onLogs` may refuse, and what it was asked for. */
  function provider(onLogs?: (answer: readonly unknown[], query: LogQuery) => void | Promise<void>): {
    request: SendRequest;
    queries: LogQuery[];
  } {
    const endpoint = endpointOf(scenario);
    const queries: LogQuery[] = [];
    const request: SendRequest = async (method, params) => {
      const answer = await endpoint(method, params);
      if (method !== "eth_getLogs") return answer;
      const [{ fromBlock, toBlock }] = params as [{ fromBlock: string; toBlock: string }];
      const query = { from: Number(fromBlock), to: Number(toBlock) };
      queries.push(query);
      await onLogs?.(answer as readonly unknown[], query);
      return answer;
    };
    return { request, queries };
  }
});

function topicOf({ contracts }: Scenario["federation"], event: string): string {
  const found = [contracts.coordinator, contracts.taskRegistry]
    .flatMap(({ interface: { fragments } }) => fragments)
    .find((fragment) => fragment.type === "event" && (fragment as EventFragment).name === event);
  if (found === undefined) throw new Error(`There is no event ${event}`);
  return (found as EventFragment).topicHash;
}

/** As if the last segment's newest block had been another one. */
function spoilLast(segments: readonly Segment[]): readonly Segment[] {
  return segments.map((each, index) =>
    index === segments.length - 1 ? { ...each, toHash: `0x${"77".repeat(32)}` as const } : each,
  );
}
