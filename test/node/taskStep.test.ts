import { expect } from "chai";
import { id } from "ethers";
import pino from "pino";
import { ContractError } from "#chain/contracts/contractError";
import type { RoundView } from "#chain/contracts/roundView";
import { AggregationSessions } from "#node/rounds/aggregationSessions";
import { Closing } from "#node/closing";
import type { ServedTask } from "#node/tasks/servedTask";
import type { Services } from "#node/services";
import { TaskStep, stepKey, type Duty } from "#node/tasks/taskStep";
import { ConcordatError } from "#protocol/errors";
import { Phase } from "#protocol/contracts/enums";

const VIEW = {
  phase: Phase.Aggregation,
  round: 2,
  retry: 0,
  attempt: 1,
  base: id("base"),
  aggregate: id("none"),
  openedAt: 100,
  phaseStart: 150,
  deadline: 200,
} as unknown as RoundView;

describe("A step of a task", () => {
  const lines: Record<string, unknown>[] = [];
  const updates: Record<string, unknown>[] = [];
  const logger = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  /** The round as the chain gives it when a step is tried again. */
  let present: RoundView;
  const services = {
    chain: { roundOf: async () => present },
    board: { update: (_task: number, change: Record<string, unknown>) => void updates.push(change) },
  } as unknown as Services;
  const task = { taskId: 1, logger } as unknown as ServedTask;
  const footing = { block: 1, hash: undefined, reorganisations: 0 };
  const over = new Error("the phase has ended");
  beforeEach(() => {
    present = VIEW;
    lines.length = 0;
    updates.length = 0;
  });
  const begin = (duty: Duty): TaskStep =>
    new TaskStep(services, task, VIEW, footing, duty, new AbortController().signal);

  it("is another one for another attempt, and for an opening that a reorganisation has replaced", () => {
    const keys = [
      VIEW,
      { ...VIEW, attempt: 2 },
      { ...VIEW, openedAt: 101 },
      { ...VIEW, phaseStart: 151 },
      { ...VIEW, base: id("other") },
      { ...VIEW, round: 3 },
      { ...VIEW, phase: Phase.Negotiation },
    ].map((view) => stepKey(view as RoundView));
    expect(new Set(keys).size).to.equal(keys.length);
    // The deadline moves while a phase runs.
    expect(stepKey({ ...VIEW, deadline: 180 } as RoundView)).to.equal(stepKey(VIEW));
  });

  it("ends with its phase where it obeys its signal", async () => {
    const step = begin(
      async (_view, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
    expect(await step.end(over, 60_000)).to.equal(true);
    expect(lines).to.have.length(0);
  });

  it("is left behind, and said to be, where it does not: the next phase never waits for ever", async () => {
    const step = begin(async () => new Promise<void>(() => undefined));
    expect(await step.end(over, 10)).to.equal(false);
    expect(lines.map(({ msg, level, round, phase }) => ({ msg, level, round, phase }))).to.deep.equal([
      { msg: "a step outlives its phase and is left behind", level: 50, round: 2, phase: "Aggregation" },
    ]);
  });

  it("is tried again when it fails, and says so once", async () => {
    let tries = 0;
    const step = begin(async () => {
      if (++tries < 3) throw new ConcordatError("The endpoint fails");
    });
    await step.done;
    expect(tries).to.equal(3);
    expect(lines.map(({ msg, problem }) => ({ msg, problem }))).to.deep.equal([
      { msg: "a step failed and is tried again", problem: "The endpoint fails" },
    ]);
    expect(updates.filter(({ problem }) => problem === "The endpoint fails")).to.have.length(2);
  });

  it("is tried again on the present block, as long as its phase is the same", async () => {
    present = { ...VIEW, block: 7 } as RoundView;
    const blocks: unknown[] = [];
    const step = begin(async (view) => {
      blocks.push(view.block);
      present = { ...present, block: 8 + blocks.length, ...(blocks.length > 1 && { round: 3 }) } as RoundView;
      if (blocks.length < 3) throw new ConcordatError("The endpoint fails");
    });
    await step.done;
    expect(blocks).to.deep.equal([VIEW.block, 9, 9]);
  });

  it("is no failure while an election waits for its seed", async () => {
    let tries = 0;
    const step = begin(async () => {
      if (++tries < 2) throw new ContractError("committeeOf", "SeedNotReady", {});
    });
    await step.done;
    expect(lines).to.have.length(0);
    expect(updates.at(-1)).to.deep.equal({ doing: "waiting for the election's seed" });
  });
});

describe("The sessions of a committee", () => {
  it("stay where a step that was left behind takes its own back late", async () => {
    const sessions = new AggregationSessions();
    const key = { taskId: 1, round: 2, retry: 0, attempt: 0, base: id("base") };
    const request = { ...key, kind: "review", available: [] };
    const answering = (kind: "later" | "signed") => ({
      key: Object.values({ ...key }).join("/"),
      answer: async () => (kind === "later" ? { kind } : { kind, signature: `0x${"22".repeat(65)}` }),
    });
    const first = answering("later");
    const second = answering("signed");
    sessions.add(first);
    sessions.add(second);
    sessions.remove(first);
    expect(await sessions.route.answer(request)).to.have.property("kind", "signed");
  });
});

describe("What a node has opened", () => {
  const logger = pino({ level: "silent" });
  const never = new Promise<never>(() => undefined);

  it("is closed in the reverse order, and what does not close is named and left", async () => {
    const closing = new Closing(logger);
    const closed: string[] = [];
    const close = (name: string) => async (): Promise<void> => void closed.push(name);
    closing.add("first", close("first"));
    closing.add("stuck", async () => never);
    closing.add("failing", async () => {
      throw new Error("no");
    });
    closing.add("last", close("last"));
    expect(await closing.close(10)).to.deep.equal(["stuck"]);
    expect(closed).to.deep.equal(["last", "first"]);
  });

  it("is closed also where it comes after the signal", async () => {
    const closing = new Closing(logger);
    const controller = new AbortController();
    const { promise, resolve } = Promise.withResolvers<string>();
    const closed: string[] = [];
    const opening = closing.open("the chain", promise, async (it) => void closed.push(it), controller.signal);
    controller.abort(new Error("stopped"));
    expect(String(await opening.catch((error: unknown) => error))).to.contain("stopped");
    resolve("late");
    expect(await closing.close(1000)).to.deep.equal([]);
    expect(closed).to.deep.equal(["late"]);
  });
});
