import { expect } from "chai";
import { connect } from "node:net";
import { once } from "node:events";
import { createHeliaStore } from "#store/helia/heliaStore";
import type { ArtifactStore } from "#store/artifactStore";
import { RateLimiter } from "#store/gateway/rateLimit";
import { buildDag } from "#protocol/artifacts/contentAddress";
import type { Dag } from "#protocol/artifacts/contentAddress";
import { sampleBytes } from "./sampleBytes.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

describe("the gateway", () => {
  const statusOf = async (path: string, init: RequestInit = {}): Promise<number> =>
    (await fetch(origin + path, init)).status;

  let removeFolder: () => Promise<void>;
  let store: ArtifactStore;
  let origin: string;
  let port: number;
  let dag: Dag;

  before(async () => {
    const folder = await temporaryFolder();
    removeFolder = folder.remove;
    store = await createHeliaStore({ dir: folder.path });
    port = Number(/tcp\/(\d+)\/http/.exec(store.endpoints())?.[1]);
    origin = `http://127.0.0.1:${port}`;
    dag = await buildDag(sampleBytes(1000));
    await store.put(sampleBytes(1000));
  });
  after(async () => {
    await store.close();
    await removeFolder();
  });

  it("gives the raw bytes of each block to anyone, browsers too", async () => {
    for (const { cid, bytes } of dag.blocks) {
      const response = await fetch(`${origin}/ipfs/${cid}?format=raw`);
      expect(response.status).to.equal(200);
      expect(response.headers.get("content-type")).to.equal("application/vnd.ipld.raw");
      expect(response.headers.get("access-control-allow-origin")).to.equal("*");
      expect(response.headers.get("cache-control")).to.contain("immutable");
      expect(Buffer.compare(new Uint8Array(await response.arrayBuffer()), bytes)).to.equal(0);
    }
  });

  it("accepts the media type instead of the query, and tells the size to HEAD", async () => {
    const headers = { accept: "application/vnd.ipld.raw" };
    expect((await fetch(`${origin}/ipfs/${dag.root}`, { headers })).status).to.equal(200);
    const head = await fetch(`${origin}/ipfs/${dag.root}?format=raw`, { method: "HEAD" });
    expect(head.headers.get("content-length")).to.equal(String(dag.blocks.at(-1)?.bytes.length));
    expect(await head.text()).to.equal("");
    expect((await fetch(`${origin}/ipfs/${dag.root}`, { method: "OPTIONS" })).status).to.equal(204);
  });

  it("answers nothing but raw blocks that it holds", async () => {
    const { root: unknown } = await buildDag(sampleBytes(1001));
    expect(await statusOf(`/ipfs/${unknown}?format=raw`)).to.equal(404);
    expect(await statusOf(`/ipfs/${dag.root}`)).to.equal(400);
    expect(await statusOf(`/ipfs/${dag.root}?format=car`)).to.equal(400);
    expect(await statusOf(`/ipfs/${dag.root}/../../etc/passwd?format=raw`)).to.equal(400);
    expect(await statusOf(`/ipfs/b${"a".repeat(58)}?format=raw`)).to.equal(400);
    expect(await statusOf("/")).to.equal(400);
    expect(await statusOf(`/ipfs/${dag.root}?format=raw`, { method: "DELETE" })).to.equal(405);
    expect(await statusOf(`/ipfs/${dag.root}?format=raw`, { method: "POST", body: "x" })).to.equal(413);
  });

  it("survives requests that are no HTTP or have huge headers", async () => {
    for (const request of ["\u0000nonsense\r\n\r\n", `GET / HTTP/1.1\r\nx: ${"y".repeat(20_000)}\r\n\r\n`]) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(request);
      socket.resume();
      await once(socket, "close");
    }
    expect((await fetch(`${origin}/ipfs/${dag.root}?format=raw`)).status).to.equal(200);
  });

  it("asks a client that comes too often to wait", async () => {
    const folder = await temporaryFolder();
    const limited = await createHeliaStore({ dir: folder.path, rate: { perSecond: 0.001, burst: 2 } });
    const [, limitedPort] = /tcp\/(\d+)\/http/.exec(limited.endpoints()) ?? [];
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++)
      statuses.push((await fetch(`http://127.0.0.1:${limitedPort}/ipfs/${dag.root}?format=raw`)).status);
    expect(statuses).to.deep.equal([404, 404, 429]);
    await limited.close();
    await folder.remove();
  });
});

describe("the rate limit", () => {
  it("lets each client burst, then go on at its rate, whatever others do", () => {
    const limiter = new RateLimiter({ perSecond: 2, burst: 3 });
    const allowed = [0, 0, 0, 0, 499, 500, 501, 10_000, 10_000, 10_000, 10_000].map((now) =>
      limiter.allows("a", now),
    );
    expect(allowed).to.deep.equal([true, true, true, false, false, true, false, true, true, true, false]);
    expect(limiter.allows("b", 10_000)).to.equal(true);
  });

  it("remembers a bounded number of clients, the latest", () => {
    const limiter = new RateLimiter({ perSecond: 0, burst: 1 });
    for (let i = 0; i < 3000; i++) limiter.allows(`client ${i}`, 0);
    expect(limiter.allows("client 2999", 0)).to.equal(false);
    expect(limiter.allows("client 0", 0)).to.equal(true);
  });
});
