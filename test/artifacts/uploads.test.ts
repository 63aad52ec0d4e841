import { expect } from "chai";
import { Wallet } from "ethers";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ArtifactStore } from "#store/artifactStore";
import { createHeliaStore } from "#store/helia/heliaStore";
import { Uploads, type UploadOptions } from "#store/uploads/uploads";
import { cidFromDigest, digestOf } from "#protocol/artifacts/contentAddress";
import { ConcordatError } from "#protocol/errors";
import type { Digest } from "#protocol/ids";
import {
  GRANT_HEADER,
  MAX_GRANT_SECONDS,
  UPLOADS_PATH,
  UPLOAD_REFUSALS,
  type UploadRefusal,
} from "#protocol/messages/uploads";
import { CHAIN, NODE, PAGE, REGISTRY, UploadSender, filled, putHead, type Change } from "./uploadSender.ts";

const MAX = 3000;
const QUOTA = 5000;
const KEEP = 100;
const GIB = 1024 ** 3;

describe("files that publishers hand to a node", () => {
  const listed = Wallet.createRandom() as unknown as Wallet;
  const second = Wallet.createRandom() as unknown as Wallet;
  const stranger = Wallet.createRandom() as unknown as Wallet;
  /** A listed account that is a contract: this key signs for it. */
  const contract = `0x${"cc".repeat(20)}`;
  const owner = Wallet.createRandom() as unknown as Wallet;

  let root: string;
  let dir: string;
  let store: ArtifactStore;
  let uploads: Uploads;
  let sender: UploadSender;
  let now = 1_000_000;
  let chainTime: number | undefined;
  let named: Digest[] = [];
  let chainFails = false;
  let contractAsked = 0;
  let free = 10 * GIB;
  let deadlineMs = 10_000;
  /** Awaited once a file is on its way, before its disk is looked at. */
  let onComing: () => Promise<void> = async () => undefined;
  let putFails: Error | undefined;
  const news: Record<string, unknown>[] = [];

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "concordat-uploads-"));
    store = await createHeliaStore({
      dir: join(root, "store"),
      handlers: [
        {
          takes: (url) => uploads.takes(url),
          handle: (request, response) => uploads.handle(request, response),
          longestMs: 60_000,
        },
      ],
    });
    const port = /tcp\/(\d+)\/http/.exec(store.endpoints())?.[1];
    sender = new UploadSender(`http://127.0.0.1:${port}`, listed, () => now);
  });

  beforeEach(async () => {
    dir = await mkdtemp(join(root, "uploads-"));
    [named, chainTime, chainFails, contractAsked] = [[], undefined, false, 0];
    [free, deadlineMs, putFails] = [10 * GIB, 10_000, undefined];
    onComing = async () => undefined;
    news.length = 0;
    uploads = await opened();
  });

  afterEach(async () => {
    await uploads.close();
    for (const digest of await store.list()) await store.remove(digest);
  });

  after(async () => {
    await store.close();
    await rm(root, { recursive: true, force: true });
  });

  it("are taken from accounts that the operator lists, and served to whoever asks", async () => {
    const bytes = filled(1, 1200);
    const digest = await digestOf(bytes);
    expect(await sender.offer(listed.address)).to.deep.equal({
      format: "concordat/uploads/1",
      node: NODE,
      chainId: CHAIN,
      nodeRegistry: REGISTRY,
      maxBytes: MAX,
      freeBytes: QUOTA,
      keepSeconds: KEEP,
      now,
    });
    expect((await sender.send(bytes, { origin: PAGE })).status).to.equal(201);
    const block = await fetch(`${sender.origin}/ipfs/${cidFromDigest(digest)}?format=raw`);
    expect(block.status).to.equal(200);
    expect((await sender.offer(listed.address)).freeBytes).to.equal(QUOTA - 1200);
    expect(await sender.offer(stranger.address)).to.include({ refused: "account", freeBytes: 0 });
    expect(await sender.offer("nonsense")).to.include({ refused: "account", freeBytes: 0 });
    expect(news.filter(({ kind }) => kind === "taken")).to.deep.equal([
      { kind: "taken", digest, account: listed.address.toLowerCase(), bytes: 1200 },
    ]);
  });

  it("may come again, which changes nothing: within its time a grant lets in the very same bytes alone", async () => {
    const bytes = filled(2, 1000);
    expect((await sender.send(bytes)).status).to.equal(201);
    expect((await sender.send(bytes)).status).to.equal(200);
    expect((await sender.offer(listed.address)).freeBytes).to.equal(QUOTA - 1000);
    // With the grant of the first, another file does not get in.
    const header = await sender.header(bytes);
    const other = await sender.send(filled(3, 1000), { header });
    expect(other.refused).to.equal("file");
  });

  it("tell a page of another origin why, and let it send nothing", async () => {
    const bytes = filled(4, 500);
    expect(await sender.offer(listed.address, "https://other.example")).to.include({ refused: "origin" });
    for (const origin of ["https://other.example", "null", `${PAGE}.evil.example`, "http://dapp.example"]) {
      const ask = await fetch(`${sender.origin}${UPLOADS_PATH}/${await digestOf(bytes)}`, {
        method: "OPTIONS",
        headers: { origin },
      });
      expect(ask.status, origin).to.equal(403);
      expect(ask.headers.get("access-control-allow-origin"), origin).to.equal(null);
      expect((await sender.send(bytes, { origin })).refused, origin).to.equal("origin");
    }
    const allowed = await fetch(`${sender.origin}${UPLOADS_PATH}/${await digestOf(bytes)}`, {
      method: "OPTIONS",
      headers: { origin: PAGE },
    });
    expect(allowed.status).to.equal(204);
    expect(allowed.headers.get("access-control-allow-origin")).to.equal(PAGE);
    expect(allowed.headers.get("access-control-allow-headers")).to.contain(GRANT_HEADER);
    expect(allowed.headers.get("access-control-allow-methods")).to.contain("PUT");
    expect(await store.has(await digestOf(bytes))).to.equal(false);
  });

  const refusals: readonly (readonly [name: string, change: () => Change, UploadRefusal])[] = [
    ["of an account that is not listed", () => ({ signer: stranger }), "account"],
    ["signed by another account", () => ({ signer: stranger, account: listed.address }), "signature"],
    ["signed by another listed account", () => ({ signer: second, account: listed.address }), "signature"],
    ["signed for another chain", () => ({ chainId: 1 }), "signature"],
    ["signed for another deployment", () => ({ registry: contract as never }), "signature"],
    ["signed for other nodes", () => ({ nodes: [NODE + 1, NODE + 2] }), "node"],
    ["whose grant is over", () => ({ expires: 0 }), "expired"],
    ["granted for too long", () => ({ expires: MAX_GRANT_SECONDS + 1 }), "expired"],
    [
      "granted for another file",
      () => ({ files: [{ digest: `0x${"22".repeat(32)}` as Digest, size: 1000 }] }),
      "file",
    ],
    ["without a grant", () => ({ header: "" }), "grant"],
    ["with a grant that is none", () => ({ header: btoa("{}") }), "grant"],
    ["with a grant of absurd length", () => ({ header: "e".repeat(7000) }), "grant"],
    ["with a signature of the wrong length", () => ({ signature: "0x1234" }), "signature"],
    ["with a signature of zeros", () => ({ signature: `0x${"00".repeat(65)}` }), "signature"],
  ];
  for (const [name, change, refused] of refusals) {
    it(`are refused ${name}, before the body is read, and nothing is kept`, async () => {
      const bytes = filled(5, 1000);
      const answer = await sender.send(bytes, change());
      expect(answer.refused).to.equal(refused);
      expect(UPLOAD_REFUSALS).to.include(answer.refused);
      expect(answer.headers.get("connection")).to.equal("close");
      expect(await store.has(await digestOf(bytes))).to.equal(false);
      expect(await left()).to.deep.equal([]);
      expect((await sender.offer(listed.address)).freeBytes).to.equal(QUOTA);
    });
  }

  it("are refused by size before a byte is read: larger than granted, than the node takes, than the quota", async () => {
    const small = filled(6, 1000);
    const files = [{ digest: await digestOf(small), size: 999 }];
    expect((await sender.send(small, { files })).refused).to.equal("length");
    expect((await sender.send(filled(7, MAX + 1))).refused).to.equal("too-large");
    expect((await sender.send(filled(8, 3000))).status).to.equal(201);
    expect((await sender.send(filled(9, 2001))).refused).to.equal("quota");
    expect((await sender.send(filled(9, 2000))).status).to.equal(201);
    // Others have a share of their own.
    expect((await sender.send(filled(10, 2000), { signer: second })).status).to.equal(201);
    for (const length of ["transfer-encoding: chunked", "x: y", "content-length: 0"]) {
      const answer = await sender.raw(await putHead(sender, small, { length }), new Uint8Array());
      expect(answer, length).to.contain("411").and.to.contain(`{"refused":"length"}`);
    }
  });

  it("are refused where the bytes are not what the digest names", async () => {
    const [wrong, right] = [filled(11, 1000), filled(12, 1000)];
    const files = [{ digest: await digestOf(right), size: 1000 }];
    const answer = await sender.send(wrong, { files, path: await digestOf(right) });
    expect(answer).to.include({ status: 422, refused: "content" });
    for (const bytes of [wrong, right]) expect(await store.has(await digestOf(bytes))).to.equal(false);
    expect((await sender.offer(listed.address)).freeBytes).to.equal(QUOTA);
    expect(await left()).to.deep.equal([]);
  });

  it("lead to no path but that of a digest", async () => {
    const bytes = filled(13, 10);
    const digest = await digestOf(bytes);
    for (const path of [
      "../../../etc/passwd",
      "..%2f..%2fheld",
      `${digest}/../x`,
      digest.toUpperCase(),
      `${digest}%00`,
      `${digest}?x=1`,
      digest.slice(2),
      "",
    ]) {
      const head = await putHead(sender, bytes, { digest: path });
      expect(await sender.raw(head, bytes), path).to.contain(`{"refused":"file"}`);
    }
    expect(await store.list()).to.deep.equal([]);
    expect((await readdir(dir)).toSorted()).to.deep.equal(["coming", "held"]);
  });

  it("that break off leave nothing, and free their place", async () => {
    const bytes = filled(14, 2000);
    await sender.raw(await putHead(sender, bytes), bytes.subarray(0, 700), (_send, close) => {
      void untilComing().then(close);
    });
    await untilGone();
    expect(await store.has(await digestOf(bytes))).to.equal(false);
    expect((await sender.offer(listed.address)).freeBytes).to.equal(QUOTA);
    expect((await sender.send(bytes)).status).to.equal(201);
  });

  it("that come too slowly are ended, by the size that they have", async () => {
    deadlineMs = 100;
    const bytes = filled(15, 2000);
    const answer = await sender.raw(await putHead(sender, bytes), bytes.subarray(0, 10));
    expect(answer).to.contain("408").and.to.contain(`{"refused":"slow"}`);
    expect(await left()).to.deep.equal([]);
    expect((await sender.offer(listed.address)).freeBytes).to.equal(QUOTA);
  });

  it("count against the quota while they come, so that two at once do not pass it", async () => {
    const gate = Promise.withResolvers<void>();
    const coming = Promise.withResolvers<void>();
    onComing = async () => {
      coming.resolve();
      await gate.promise;
    };
    const first = sender.send(filled(16, 3000));
    await coming.promise;
    expect((await sender.offer(listed.address)).freeBytes).to.equal(QUOTA - 3000);
    expect((await sender.send(filled(17, 2500))).refused).to.equal("quota");
    // The same file twice at once is once; a third file of one account waits for its turn.
    expect((await sender.send(filled(16, 3000))).refused).to.equal("busy");
    const other = sender.send(filled(18, 1000));
    await untilComing(2);
    const third = await sender.send(filled(19, 500));
    expect(third.refused).to.equal("busy");
    expect(third.headers.get("retry-after")).to.equal("2");
    gate.resolve();
    expect([(await first).status, (await other).status]).to.deep.equal([201, 201]);
    expect((await sender.offer(listed.address)).freeBytes).to.equal(QUOTA - 4000);
  });

  it("count over a restart, and what the restart interrupted is charged to nobody", async () => {
    expect((await sender.send(filled(20, 3000))).status).to.equal(201);
    const lost = filled(21, 1000);
    expect((await sender.send(lost)).status).to.equal(201);
    await uploads.close();
    // As after a kill between the record and the store, and in the middle of a body.
    await store.remove(await digestOf(lost));
    await writeFile(join(dir, "coming", "half"), "half a file");
    await writeFile(join(dir, "held", `${"ab".repeat(32)}.json`), "{");
    await mkdir(join(dir, "held", "nonsense"));
    uploads = await opened();
    expect((await sender.offer(listed.address)).freeBytes).to.equal(QUOTA - 3000);
    expect(await left()).to.deep.equal([]);
    expect(news.at(-1)).to.deep.equal({ kind: "opened", held: 1, lost: 2, damaged: 1 });
  });

  it("are refused while the disk has no room to spare, and when it is full after all", async () => {
    free = 200_000_000;
    const bytes = filled(22, 1000);
    expect(await sender.send(bytes)).to.include({ status: 507, refused: "disk" });
    free = 10 * GIB;
    putFails = new ConcordatError("Cannot write to /secret/place: ENOSPC", {
      cause: Object.assign(new Error("ENOSPC"), { code: "ENOSPC" }),
    });
    expect((await sender.send(bytes)).refused).to.equal("disk");
    putFails = new Error("a fault at https://chain.example/v2/secret");
    expect((await sender.send(bytes)).refused).to.equal("failed");
    putFails = undefined;
    expect((await sender.offer(listed.address)).freeBytes).to.equal(QUOTA);
    expect((await sender.send(bytes)).status).to.equal(201);
  });

  it("go when their time is over, by the chain's time too, unless a task names them", async () => {
    const [kept, gone] = [filled(23, 700), filled(24, 800)];
    for (const bytes of [kept, gone]) expect((await sender.send(bytes)).status).to.equal(201);
    named = [await digestOf(kept)];
    now += KEEP - 1;
    await uploads.sweep();
    expect(await store.list()).to.have.length(2);
    now += 1;
    chainFails = true;
    await uploads.sweep();
    expect(await store.list()).to.have.length(2);
    expect(news.at(-1)?.["kind"]).to.equal("unsure");
    // An endpoint that is behind does not know the newest tasks.
    [chainFails, chainTime] = [false, now - 1];
    await uploads.sweep();
    expect(await store.list()).to.have.length(2);
    chainTime = now;
    await uploads.sweep();
    expect(await store.list()).to.deep.equal([await digestOf(kept)]);
    expect(news.at(-1)).to.deep.equal({ kind: "expired", digests: [await digestOf(gone)], bytes: 800 });
    // What stays is still on the disk, and charged: tasks without end would fill it otherwise.
    expect((await sender.offer(listed.address)).freeBytes).to.equal(QUOTA - 700);
    named = [];
    await uploads.sweep();
    expect(await store.has(await digestOf(kept))).to.equal(true);
  });

  it("live longer when they come again, and are charged to each account that hands them over", async () => {
    const bytes = filled(25, 900);
    expect((await sender.send(bytes)).status).to.equal(201);
    now += KEEP - 10;
    expect((await sender.send(bytes, { signer: second })).status).to.equal(200);
    expect((await sender.offer(second.address)).freeBytes).to.equal(QUOTA - 900);
    now += 20;
    await uploads.sweep();
    expect(await store.has(await digestOf(bytes))).to.equal(true);
    now += KEEP;
    await uploads.sweep();
    expect(await store.has(await digestOf(bytes))).to.equal(false);
    expect((await sender.offer(listed.address)).freeBytes).to.equal(QUOTA);
  });

  it("never take with them what the node has, or uses, itself", async () => {
    const [own, used] = [filled(26, 400), filled(27, 500)];
    await store.put(own);
    expect((await sender.send(own)).status).to.equal(200);
    expect((await sender.offer(listed.address)).freeBytes).to.equal(QUOTA);
    expect((await sender.send(used)).status).to.equal(201);
    await uploads.claim(await digestOf(used));
    expect((await sender.offer(listed.address)).freeBytes).to.equal(QUOTA);
    now += 10 * KEEP;
    await uploads.sweep();
    for (const bytes of [own, used]) expect(await store.has(await digestOf(bytes))).to.equal(true);
  });

  it("of contract accounts are taken when the contract says that it signed", async () => {
    const bytes = filled(28, 300);
    expect((await sender.send(bytes, { signer: owner, account: contract })).status).to.equal(201);
    expect(contractAsked).to.equal(1);
    const forged = await sender.send(filled(29, 300), { signer: stranger, account: contract });
    expect(forged.refused).to.equal("signature");
    chainFails = true;
    const unknown = await sender.send(filled(29, 300), { signer: owner, account: contract });
    expect(unknown).to.include({ status: 503, refused: "chain" });
    // For accounts that are not listed nobody is asked.
    await sender.send(filled(29, 300), { signer: stranger });
    expect(contractAsked).to.equal(3);
  });

  it("of a flood are refused by rate, and no stranger fills the log", async () => {
    await uploads.close();
    uploads = await opened({ rate: { perSecond: 1, burst: 3 } });
    news.length = 0;
    const answers: (string | undefined)[] = [];
    for (let i = 0; i < 5; i++)
      answers.push((await sender.send(filled(30, 10), { signer: stranger })).refused);
    expect(answers).to.deep.equal(["account", "account", "account", "rate", "rate"]);
    expect(news).to.deep.equal([]);
    now += 1;
    expect((await sender.send(filled(30, 10))).status).to.equal(201);
  });

  it("are not taken before the store is open, nor once it is about to close", async () => {
    await uploads.close();
    expect(await sender.offer(listed.address)).to.include({ refused: "starting" });
    expect(await sender.send(filled(31, 10))).to.include({ status: 503, refused: "starting" });
    uploads = await opened();
    const coming = sender.raw(await putHead(sender, filled(32, 2000)), filled(32, 10));
    await untilComing();
    await uploads.close();
    expect(await coming).to.contain(`{"refused":`);
    expect(await left()).to.deep.equal([]);
  });

  it("leave blocks and messages of the gateway as they were", async () => {
    const answer = await fetch(`${sender.origin}/`, { method: "PUT", body: "x" });
    expect(answer.status).to.equal(413);
    const other = await fetch(`${sender.origin}${UPLOADS_PATH}/x`, { method: "DELETE" });
    expect(other.status).to.equal(405);
    expect(uploads.takes(`${UPLOADS_PATH}s`)).to.equal(false);
  });

  /** Files that are on their way. */
  async function left(): Promise<string[]> {
    return readdir(join(dir, "coming"));
  }

  /** Resolves once so many files have passed everything that is checked before their body. */
  async function untilComing(count = 1): Promise<void> {
    await until(() => comingCount >= count);
  }

  async function untilGone(): Promise<void> {
    await until(async () => (await left()).length === 0);
    await until(async () => (await sender.offer(listed.address)).freeBytes === QUOTA);
  }

  /** Uploads that have passed everything that is checked before their body. */
  let comingCount = 0;

  async function opened(change: Partial<UploadOptions> = {}): Promise<Uploads> {
    comingCount = 0;
    const fresh = new Uploads({
      accounts: [listed.address.toLowerCase(), second.address, contract],
      maxBytes: MAX,
      quotaBytes: QUOTA,
      keepSeconds: KEEP,
      origins: [PAGE],
      node: NODE,
      chainId: CHAIN,
      nodeRegistry: REGISTRY,
      dir,
      rate: { perSecond: 10_000, burst: 10_000 },
      now: () => now,
      deadlineMs: () => deadlineMs,
      freeDisk: async () => {
        comingCount++;
        await onComing();
        return free;
      },
      namedByTasks: async () => {
        if (chainFails) throw new Error("the endpoint does not answer");
        return { digests: new Set(named), time: chainTime ?? now };
      },
      isContractSignature: async (account, hash, signature) => {
        if (account.toLowerCase() !== contract) return false;
        contractAsked++;
        if (chainFails) throw new Error("the endpoint at https://chain.example/v2/secret does not answer");
        return owner.signingKey.sign(hash).serialized === signature;
      },
      news: {
        taken: (facts) => news.push({ kind: "taken", ...facts }),
        refused: (facts) => news.push({ kind: "refused", ...facts }),
        expired: (facts) => news.push({ kind: "expired", ...facts }),
        unsure: () => news.push({ kind: "unsure" }),
        opened: (facts) => news.push({ kind: "opened", ...facts }),
      },
      ...change,
    });
    await fresh.open({
      ...store,
      put: async (bytes) => {
        if (putFails !== undefined) throw putFails;
        return store.put(bytes);
      },
    });
    return fresh;
  }
});

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}
