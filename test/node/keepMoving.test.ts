import { expect } from "chai";
import pino from "pino";
import type { RoundView } from "#chain/contracts/roundView";
import { keepMoving, type Mover } from "#node/rounds/keepMoving";
import type { ServedTask } from "#node/tasks/servedTask";
import type { Services } from "#node/services";
import { Phase, TaskState } from "#protocol/contracts/enums";

const MEMBERS = 4;
const OPEN = { phase: Phase.None, round: 0, retry: 0, block: 7, deadline: 0 } as unknown as RoundView;
const TRAINING = { ...OPEN, phase: Phase.Training, round: 1, block: 8, deadline: 5000, hardEnd: 9000 };

/** Members of one task whose start time is long past, on a chain whose present is second 1000. */
describe("Members that may move a task", () => {
  const stop = new AbortController();
  let starts: number[];
  let turns: number[];
  let movers: Mover[];
  let now: number;
  let onStart: (position: number) => Promise<void>;
  after(() => stop.abort(new Error("enough")));

  const begin = (blockSeconds: number, activeCount = MEMBERS): void => {
    [starts, turns, now] = [[], [], 1000];
    movers = Array.from({ length: MEMBERS }, (_, position) => {
      const heads = { now: () => now, blockSeconds };
      const chain = {
        heads,
        confirmedBlock: 7,
        confirmations: 0,
        member: async () => ({ position }),
        taskStatus: async () => ({ state: TaskState.Open, activeCount }),
        start: async () => onStart(position),
      };
      const services = { chain, config: { advance: true }, nodeId: position + 1 } as unknown as Services;
      const terms = { startTime: 10, timeLimit: 100_000, minNodes: MEMBERS };
      const task = { taskId: 1, terms, logger: pino({ level: "silent" }) } as unknown as ServedTask;
      return keepMoving(services, task, stop.signal);
    });
    onStart = async (position) => void starts.push(position);
  };
  const tell = (view: RoundView): void => movers.forEach((mover) => mover.see(view));

  it("start it one after another, not all at once, when the last one has joined", async () => {
    begin(1);
    const started = new Promise<void>((resolve) => {
      onStart = async (position) => {
        starts.push(position);
        // Nobody else has sent by the time at which a block has it.
        await new Promise<void>((done) => setImmediate(done));
        tell(TRAINING);
        resolve();
      };
    });
    tell(OPEN);
    await started;
    await Promise.all(movers.map(async (mover) => mover.done()));
    expect(starts).to.deep.equal([0]);
  });

  it("leave each other the time that a block takes", async () => {
    begin(12);
    const wanted = new Promise<void>((resolve) => {
      onStart = async (position) => {
        starts.push(position);
        turns.push(now - 1000);
        if (starts.length === 2) resolve();
        throw new Error("the first one's transaction is lost");
      };
    });
    tell(OPEN);
    while (starts.length === 0) await new Promise<void>((done) => setImmediate(done));
    for (; now < 1030 && starts.length < 2; now++) {
      movers[1]?.see(OPEN);
      for (let turn = 0; turn < 20; turn++) await new Promise<void>((done) => setImmediate(done));
    }
    await wanted;
    expect(starts).to.deep.equal([0, 1]);
    expect(turns[1]).to.be.at.least(18);
    tell(TRAINING);
    await Promise.all(movers.map(async (mover) => mover.done()));
  });

  it("do not start it before enough have joined", async () => {
    begin(1, MEMBERS - 1);
    tell(OPEN);
    for (let turn = 0; turn < 20; turn++) await new Promise<void>((done) => setImmediate(done));
    await Promise.all(movers.map(async (mover) => mover.done()));
    expect(starts).to.deep.equal([]);
  });
});
