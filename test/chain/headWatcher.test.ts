import { expect } from "chai";
import { id, toQuantity } from "ethers";
import { pino } from "pino";
import { ChainProvider } from "#chain/endpoints/chainProvider";
import type { Endpoint, EndpointAnswer } from "#chain/endpoints/endpoint";
import { EndpointPool } from "#chain/endpoints/endpointPool";
import { HeadWatcher } from "#chain/heads/headWatcher";

interface Block {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
}

/** A chain of blocks of which a test says which branch is the endpoint's, and which block it gives as the newest. */
class Branches implements Endpoint {
  readonly name: string;
  onHead?: (listener: () => void) => void;
  readonly requests: string[] = [];
  /** What is given as the newest, one after another; the last for ever. */
  newest: string[] = [];
  /** The branch by number that the endpoint has. */
  branch: Block[] = [];
  readonly #known = new Map<string, Block>();
  #answered: (() => void)[] = [];

  constructor(name = "branches") {
    this.name = name;
  }

  /** A branch that leaves another one after block `after`. */
  grow(name: string, from: readonly Block[], after: number, to: number): Block[] {
    const branch = from.slice(0, after + 1);
    for (let number = branch.length; number <= to; number++) {
      const block = { number, hash: id(`${name} ${number}`), parentHash: branch.at(-1)?.hash ?? id("none") };
      this.#known.set(block.hash, block);
      branch.push(block);
    }
    return branch;
  }

  /** Resolves when this many more answers about the newest block were given. */
  async looks(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await new Promise<void>((resolve) => this.#answered.push(resolve));
  }

  async ask(method: string, [place]: readonly unknown[]): Promise<EndpointAnswer> {
    if (method === "eth_chainId") return { kind: "result", result: "0x1" };
    this.requests.push(`${method} ${String(place)}`);
    if (method === "eth_getBlockByHash") return this.#give(this.#known.get(String(place)));
    if (place !== "latest") return this.#give(this.branch[Number(place)]);
    const hash = (this.newest.length > 1 ? this.newest.shift() : this.newest[0]) ?? "";
    const waiting = this.#answered.splice(0, 1);
    setImmediate(() => waiting.forEach((wake) => wake()));
    return this.#give(this.#known.get(hash));
  }

  close(): void {}

  #give(block: Block | undefined): EndpointAnswer {
    const header = block && {
      ...block,
      number: toQuantity(block.number),
      timestamp: toQuantity(block.number),
    };
    return { kind: "result", result: header ?? null };
  }
}

describe("The newest block", () => {
  let endpoint: Branches;
  let heads: HeadWatcher;
  let main: Block[];
  const hashAt = (branch: readonly Block[], number: number): string => branch[number]?.hash ?? "";
  const begin = async (at: number): Promise<void> => {
    endpoint.newest = [hashAt(main, at)];
    const provider = new ChainProvider(new EndpointPool([endpoint], { patienceMs: 1000 }), 1);
    heads = await HeadWatcher.start(provider, { pollMs: 2, logger: pino({ level: "silent" }) });
  };

  beforeEach(() => {
    endpoint = new Branches();
    main = endpoint.grow("main", [], -1, 400);
    endpoint.branch = main;
  });
  afterEach(async () => heads.close());

  it("never goes back to a block that a backend gives that is behind, seen before or not", async () => {
    await begin(100);
    endpoint.newest = [
      hashAt(main, 105),
      hashAt(main, 103),
      hashAt(main, 100),
      hashAt(main, 42),
      hashAt(main, 104),
    ];
    await endpoint.looks(7);
    expect([heads.head.number, heads.head.hash]).to.deep.equal([105, hashAt(main, 105)]);
    expect(heads.reorganisations).to.equal(0);
  });

  it("goes on with every other answer from behind", async () => {
    await begin(10);
    endpoint.newest = [11, 8, 12, 9, 13, 10].map((number) => hashAt(main, number));
    await endpoint.looks(6);
    expect(heads.head.number).to.equal(13);
  });

  it("changes the branch when a block at its height proves the reorganisation", async () => {
    await begin(50);
    const other = endpoint.grow("other", main, 45, 50);
    endpoint.branch = other;
    endpoint.newest = [hashAt(other, 50)];
    await endpoint.looks(3);
    expect(heads.head.hash).to.equal(hashAt(other, 50));
    expect(heads.reorganisations).to.equal(1);
  });

  it("keeps its branch while the chain has its head, whatever another backend gives", async () => {
    await begin(50);
    const other = endpoint.grow("other", main, 45, 50);
    endpoint.newest = [hashAt(other, 49), hashAt(other, 50)];
    await endpoint.looks(6);
    expect(heads.head.hash).to.equal(hashAt(main, 50));
    expect(heads.reorganisations).to.equal(0);
  });

  it("believes that a chain became shorter only when its answers say so time and again", async () => {
    await begin(50);
    const other = endpoint.grow("other", main, 40, 47);
    endpoint.branch = other;
    endpoint.newest = [hashAt(other, 47)];
    await endpoint.looks(2);
    expect(heads.head.number, "after the first contradiction").to.equal(50);
    await endpoint.looks(4);
    expect(heads.head.hash).to.equal(hashAt(other, 47));
  });

  it("takes a longer branch, and counts the reorganisation where the parents show it", async () => {
    await begin(50);
    const other = endpoint.grow("other", main, 48, 51);
    endpoint.branch = other;
    endpoint.newest = [hashAt(other, 51)];
    await endpoint.looks(2);
    expect(heads.head.hash).to.equal(hashAt(other, 51));
    expect(heads.reorganisations).to.equal(1);
  });

  it("counts a reorganisation under a branch that is longer by several blocks, as work waits for blocks", async () => {
    await begin(50);
    const other = endpoint.grow("other", main, 47, 55);
    endpoint.branch = other;
    endpoint.newest = [hashAt(other, 55)];
    await endpoint.looks(2);
    expect(heads.head.hash).to.equal(hashAt(other, 55));
    expect(heads.reorganisations).to.equal(1);
    endpoint.branch = endpoint.grow("other", other, 55, 60);
    endpoint.newest = [hashAt(endpoint.branch, 60)];
    await endpoint.looks(2);
    expect([heads.head.number, heads.reorganisations]).to.deep.equal([60, 1]);
  });

  it("is looked for as ever where an endpoint that announces its heads stops, or never began", async () => {
    let announce: (() => void) | undefined;
    endpoint.onHead = (listener) => (announce = listener);
    await begin(50);
    for (const number of [51, 52]) {
      endpoint.newest = [hashAt(main, number)];
      await heads.reaches(number, AbortSignal.timeout(5000));
      // Whoever waits without asking is told by the look that comes by itself.
      endpoint.newest = [hashAt(main, number + 10)];
      await heads.after(heads.head, AbortSignal.timeout(5000));
    }
    endpoint.newest = [hashAt(main, 70)];
    announce?.();
    await heads.after(heads.head, AbortSignal.timeout(5000));
    endpoint.newest = [hashAt(main, 71)];
    announce?.();
    await heads.after(heads.head, AbortSignal.timeout(5000));
    expect(heads.head.number).to.equal(71);
  });

  it("is taken from the endpoint that has it where the preferred one is far behind", async () => {
    endpoint.branch = main;
    endpoint.newest = [hashAt(main, 20)];
    const second = new Branches("second");
    second.branch = second.grow("main", [], -1, 400);
    second.newest = [hashAt(main, 50)];
    const pool = new EndpointPool([endpoint, second], { patienceMs: 1000 });
    const provider = new ChainProvider(pool, 1);
    heads = await HeadWatcher.start(provider, { pollMs: 2, logger: pino({ level: "silent" }) });
    expect(heads.head.number).to.equal(50);
    expect(pool.health()[0]?.problem).to.equal("is 30 blocks behind the others");
    await second.looks(3);
    expect(heads.head.number).to.equal(50);
  });

  it("waits out an endpoint that does not know its newest block", async () => {
    await begin(50);
    endpoint.newest = ["", "", hashAt(main, 51)];
    await heads.reaches(51, AbortSignal.timeout(5000));
    expect(heads.head.number).to.equal(51);
  });

  it("is looked at once for all that wait", async () => {
    await begin(50);
    const { signal } = new AbortController();
    const before = endpoint.requests.length;
    const waiting = Promise.all(Array.from({ length: 20 }, async () => heads.reaches(52, signal)));
    endpoint.newest = [hashAt(main, 51), hashAt(main, 52)];
    await waiting;
    expect(endpoint.requests.length - before).to.be.at.most(4);
  });
});
