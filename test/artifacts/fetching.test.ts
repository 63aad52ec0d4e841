import { expect } from "chai";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { importFile } from "ipfs-unixfs-importer";
import type { ImporterOptions } from "ipfs-unixfs-importer";
import { fixedSize } from "ipfs-unixfs-importer/chunker";
import type { CID } from "multiformats/cid";
import {
  ArtifactCorruptError,
  ArtifactMissingError,
  ArtifactTimeoutError,
  ArtifactTooLargeError,
} from "#store/artifactStore";
import type { ArtifactStore } from "#store/artifactStore";
import { createHeliaStore } from "#store/helia/heliaStore";
import { buildDag, digestFromCid } from "#protocol/artifacts/contentAddress";
import type { Digest } from "#protocol/ids";
import { hostileGateway } from "./hostileGateway.ts";
import type { HostileGateway } from "./hostileGateway.ts";
import { rejection } from "./rejection.ts";
import { sampleBytes } from "./sampleBytes.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

type Answer = Parameters<typeof hostileGateway>[0];

const BOUNDS = { maxBytes: 8 << 20, timeoutMs: 20_000 };
const BYTES = sampleBytes(4_500_000);

describe("fetching an artifact", function () {
  this.timeout(30_000);
  let dir: string;
  let removeFolder: () => Promise<void>;
  let store: ArtifactStore;
  let honest: ArtifactStore;
  let digest: Digest;
  const blocks = new Map<string, Uint8Array>();
  let root: string;
  const gateways: HostileGateway[] = [];

  const gateway = async (answer: Answer): Promise<HostileGateway> => {
    const started = await hostileGateway(answer);
    gateways.push(started);
    return started;
  };
  const serve: Answer = (cid, response) => {
    const bytes = blocks.get(cid);
    if (bytes === undefined) response.writeHead(404).end();
    else response.end(bytes);
  };

  before(async () => {
    ({ path: dir, remove: removeFolder } = await temporaryFolder());
    honest = await createHeliaStore({ dir: join(dir, "honest") });
    digest = await honest.put(BYTES);
    const dag = await buildDag(BYTES);
    root = dag.root.toString();
    for (const block of dag.blocks) blocks.set(block.cid.toString(), block.bytes);
  });
  beforeEach(async () => {
    store = await createHeliaStore({ dir: join(dir, "store") });
  });
  afterEach(async () => {
    await store.remove(digest);
    await store.close();
    for (const started of gateways.splice(0)) await started.close();
  });
  after(async () => {
    await honest.close();
    await removeFolder();
  });

  it("refuses a tampered block, and nothing of it stays on the disk", async () => {
    const tampering = await gateway((cid, response) => {
      const bytes = Buffer.from(blocks.get(cid) ?? []);
      if (cid !== root) bytes[17] = (bytes[17] ?? 0) ^ 1;
      response.end(bytes);
    });
    const error = await rejection(
      store.get(digest, { ...BOUNDS, providers: [tampering.endpoint] }),
      ArtifactCorruptError,
    );
    expect(error.message).to.contain("gave wrong bytes");
    expect(await store.has(digest)).to.equal(false);
    expect(await readdir(join(dir, "store/served"))).to.deep.equal([]);
  });

  it("leaves a provider that tampers for one that does not", async () => {
    const tampering = await gateway((_cid, response) => response.end("nonsense"));
    const bytes = await store.get(digest, { ...BOUNDS, providers: [tampering.endpoint, honest.endpoints()] });
    expect(Buffer.compare(bytes, BYTES)).to.equal(0);
    expect(tampering.asked).to.have.length(1);
  });

  it("goes on with a second provider where the first was killed, without asking again for what it has", async () => {
    let left = 3;
    const dying = await gateway((cid, response) => {
      if (left-- > 0) serve(cid, response);
      else response.destroy();
    });
    const second = await gateway(serve);
    const bytes = await store.get(digest, { ...BOUNDS, providers: [dying.endpoint, second.endpoint] });
    expect(Buffer.compare(bytes, BYTES)).to.equal(0);
    expect(second.asked).to.have.length(blocks.size - 3);
    expect(second.asked).not.to.include(root);
  });

  it("leaves a provider that never answers in time for the next", async () => {
    const silent = await gateway(() => undefined);
    const request = { ...BOUNDS, timeoutMs: 3000, providers: [silent.endpoint, honest.endpoints()] };
    expect(Buffer.compare(await store.get(digest, request), BYTES)).to.equal(0);
  });

  it("takes a peer that cannot be dialled for missing", async () => {
    const peers = [
      "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWRu54aQonFBN5JbWrMHcAZDkCF22WE13GA1Zk62VNMBAQ",
      `/ip4/127.0.0.1/tcp/1/p2p/${"1".repeat(52)}`,
    ];
    await rejection(store.get(digest, { ...BOUNDS, providers: peers }), ArtifactMissingError);
  });

  it("ends when its time is over, and says so", async () => {
    const silent = await gateway(() => undefined);
    const request = { ...BOUNDS, timeoutMs: 200, providers: [silent.endpoint] };
    await rejection(store.get(digest, request), ArtifactTimeoutError);
  });

  it("ends when the caller wants, with the caller's reason", async () => {
    const caller = new AbortController();
    const reason = new RangeError("the phase is over");
    const silent = await gateway(() => caller.abort(reason));
    const request = { ...BOUNDS, signal: caller.signal, providers: [silent.endpoint] };
    expect(await rejection(store.get(digest, request), RangeError)).to.equal(reason);
  });

  it("refuses an oversized artifact from its root alone", async () => {
    const counting = await gateway(serve);
    const request = { ...BOUNDS, maxBytes: BYTES.length - 1, providers: [counting.endpoint] };
    const error = await rejection(store.get(digest, request), ArtifactTooLargeError);
    expect(error.facts["bytes"]).to.equal(BYTES.length);
    expect(counting.asked).to.deep.equal([root]);
  });

  it("hangs up on a provider that sends without end", async () => {
    let hungUp: Promise<unknown> = Promise.resolve();
    const endless = await gateway((_cid, response) => {
      const send = (): void => {
        while (response.write(Buffer.alloc(65_536))) continue;
      };
      response.on("drain", send);
      hungUp = once(response, "close");
      send();
    });
    await rejection(store.get(digest, { ...BOUNDS, providers: [endless.endpoint] }), ArtifactMissingError);
    await hungUp;
  });

  it("follows no redirect", async () => {
    const target = await gateway(serve);
    const redirecting = await gateway((cid, response) => {
      response.writeHead(302, { location: `${target.origin}/ipfs/${cid}?format=raw` }).end();
    });
    await rejection(
      store.get(digest, { ...BOUNDS, providers: [redirecting.endpoint] }),
      ArtifactMissingError,
    );
    expect(target.asked).to.deep.equal([]);
  });

  it("asks a gateway that is busy once more", async () => {
    let first = true;
    const busy = await gateway((cid, response) => {
      if (!first) return serve(cid, response);
      first = false;
      response.writeHead(429).end();
    });
    expect(await store.get(digest, { ...BOUNDS, providers: [busy.endpoint] })).to.have.length(BYTES.length);
  });

  it("reaches for bitswap where the gateway of a node is down, but not where it says that the block is missing", async () => {
    const [, peer = ""] = honest.endpoints().split(" ");
    const dead = await gateway(serve);
    await dead.close();
    gateways.pop();
    expect(await store.get(digest, { ...BOUNDS, providers: [`${dead.endpoint} ${peer}`] })).to.have.length(
      BYTES.length,
    );
    await store.remove(digest);
    const empty = await gateway((_cid, response) => response.writeHead(404).end());
    await rejection(
      store.get(digest, { ...BOUNDS, providers: [`${empty.endpoint} ${peer}`] }),
      ArtifactMissingError,
    );
  });

  describe("disqualifies a DAG that our importer would not have built, fetched by its own root:", () => {
    const foreign: readonly (readonly [string, Uint8Array, ImporterOptions, { mtime?: { secs: bigint } }])[] =
      [
        ["smaller chunks", BYTES, { chunker: fixedSize({ chunkSize: 1 << 18 }) }, {}],
        ["leaves that are not raw", BYTES, { rawLeaves: false }, {}],
        ["a time in the root", BYTES, {}, { mtime: { secs: 5n } }],
        ["a time in the root of a single leaf", BYTES.subarray(0, 100), {}, { mtime: { secs: 5n } }],
      ];
    for (const [what, content, options, extra] of foreign) {
      it(what, async () => {
        const odd = new Map<string, Uint8Array>();
        const put = async (cid: CID, bytes: unknown): Promise<CID> => {
          if (bytes instanceof Uint8Array) odd.set(cid.toString(), bytes);
          return cid;
        };
        const defaults = {
          cidVersion: 1,
          rawLeaves: true,
          reduceSingleLeafToSelf: false,
          chunker: fixedSize({ chunkSize: 1 << 20 }),
        } as const;
        const { cid } = await importFile({ content, ...extra }, { put }, { ...defaults, ...options });
        const serving = await gateway((asked, response) => response.end(odd.get(asked)));
        const error = await rejection(
          store.get(digestFromCid(cid), { ...BOUNDS, providers: [serving.endpoint] }),
          ArtifactCorruptError,
        );
        expect(error.message).to.contain("not a canonical DAG");
        expect(await store.list()).to.deep.equal([]);
      });
    }
  });
});
