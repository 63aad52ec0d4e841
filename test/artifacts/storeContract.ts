import { expect } from "chai";
import { join } from "node:path";
import { ArtifactMissingError, ArtifactTooLargeError } from "#store/artifactStore";
import type { ArtifactStore } from "#store/artifactStore";
import { createHeliaStore } from "#store/helia/heliaStore";
import { digestOf } from "#protocol/artifacts/contentAddress";
import { ArtifactError } from "#protocol/errors";
import type { Digest } from "#protocol/ids";
import { rejection } from "./rejection.ts";
import { MODEL_BYTES, sampleBytes } from "./sampleBytes.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

/** Opens the store under test with everything it keeps in `dir`. */
export type OpenStore = (dir: string) => Promise<ArtifactStore>;

const BOUNDS = { maxBytes: 8 << 20, timeoutMs: 20_000 };

/** The addresses of one kind in a store's endpoint string. */
export function only(kind: "http" | "p2p", store: ArtifactStore): string[] {
  const isKind = (address: string): boolean => address.includes("/p2p/") === (kind === "p2p");
  return [store.endpoints().split(" ").filter(isKind).join(" ")];
}

/** What every ArtifactStore does, against an embedded store as the other party. */
export function describeStoreContract(open: OpenStore): void {
  let dir: string;
  let removeFolder: () => Promise<void>;
  let store: ArtifactStore;
  let other: ArtifactStore;

  const reopen = async (): Promise<void> => {
    await store.close();
    store = await open(join(dir, "store"));
  };

  before(async () => {
    ({ path: dir, remove: removeFolder } = await temporaryFolder());
    store = await open(join(dir, "store"));
    other = await createHeliaStore({ dir: join(dir, "other") });
  });

  after(async () => {
    await store.close();
    await other.close();
    await removeFolder();
  });

  it("gives back what was put, under the digest of our importer", async () => {
    for (const length of [1, 1000, 1 << 20, 2_500_000]) {
      const bytes = sampleBytes(length);
      const digest = await store.put(bytes);
      expect(digest).to.equal(await digestOf(bytes));
      expect(Buffer.compare(await store.get(digest, BOUNDS), bytes)).to.equal(0);
      expect(await store.has(digest)).to.equal(true);
    }
  });

  it("keeps artifacts and withheld artifacts over a restart", async () => {
    const kept = await store.put(sampleBytes(5000, 2));
    const secret = await store.put(sampleBytes(5000, 3), { withhold: true });
    await reopen();
    expect(await store.get(kept, BOUNDS)).to.have.length(5000);
    expect(await store.get(secret, BOUNDS)).to.have.length(5000);
    expect(await store.list()).to.include.members([kept, secret]);
    await rejection(other.get(secret, { ...BOUNDS, providers: only("http", store) }), ArtifactMissingError);
  });

  for (const kind of ["http", "p2p"] as const) {
    const transport = kind === "http" ? "the gateway" : "bitswap";

    it(`serves a 7 MB artifact over ${transport} alone`, async () => {
      const bytes = sampleBytes(MODEL_BYTES, kind === "http" ? 4 : 5);
      const digest = await store.put(bytes);
      const fetched = await other.get(digest, { ...BOUNDS, providers: only(kind, store) });
      expect(Buffer.compare(fetched, bytes)).to.equal(0);
    });

    it(`fetches a 7 MB artifact over ${transport} alone, and then holds it`, async () => {
      const bytes = sampleBytes(MODEL_BYTES, kind === "http" ? 6 : 7);
      const digest = await other.put(bytes);
      expect(await store.has(digest)).to.equal(false);
      const fetched = await store.get(digest, { ...BOUNDS, providers: only(kind, other) });
      expect(Buffer.compare(fetched, bytes)).to.equal(0);
      expect(await store.list()).to.include(digest);
      expect(await store.get(digest, BOUNDS)).to.have.length(MODEL_BYTES);
    });

    it(`shows a withheld artifact to nobody over ${transport} until it is released`, async () => {
      const digest = await store.put(sampleBytes(3 << 20, kind === "http" ? 8 : 9), { withhold: true });
      const request = { ...BOUNDS, providers: only(kind, store) };
      const refusal = await rejection(other.get(digest, { ...request, timeoutMs: 3000 }), ArtifactError);
      expect(refusal.name).to.be.oneOf(["ArtifactMissingError", "ArtifactTimeoutError"]);
      await store.release(digest);
      expect(await other.get(digest, request)).to.have.length(3 << 20);
    });
  }

  it("releases once and for all: by release, by putting again, and nothing that it lacks", async () => {
    const bytes = sampleBytes(400, 10);
    const digest = await store.put(bytes, { withhold: true });
    await store.put(bytes);
    await store.put(bytes, { withhold: true });
    await store.release(digest);
    expect(await other.get(digest, { ...BOUNDS, providers: only("http", store) })).to.have.length(400);
    await rejection(store.release(await digestOf(sampleBytes(401))), ArtifactMissingError);
  });

  it("forgets what is removed, but no block that another artifact shares", async () => {
    const chunk = sampleBytes(1 << 20, 11);
    const first = await store.put(Buffer.concat([chunk, Buffer.of(1)]));
    const second = await store.put(Buffer.concat([chunk, Buffer.of(2)]));
    await store.remove(first);
    await store.remove(first);
    expect(await store.has(first)).to.equal(false);
    expect(await store.list()).not.to.include(first);
    await rejection(store.get(first, BOUNDS), ArtifactMissingError);
    expect(await store.get(second, BOUNDS)).to.have.length((1 << 20) + 1);
  });

  it("lists the oldest first", async () => {
    const digests: Digest[] = [];
    for (const seed of [21, 22, 23]) digests.push(await store.put(sampleBytes(50, seed)));
    await reopen();
    expect((await store.list()).filter((digest) => digests.includes(digest))).to.deep.equal(digests);
  });

  it("refuses an artifact that is larger than allowed, held or fetched", async () => {
    const digest = await other.put(sampleBytes(2000, 12));
    const request = { ...BOUNDS, maxBytes: 1999, providers: only("http", other) };
    await rejection(store.get(digest, request), ArtifactTooLargeError);
    expect(await store.has(digest)).to.equal(false);
    await rejection(other.get(digest, request), ArtifactTooLargeError);
  });

  it("says at once that an artifact is missing where a gateway says so, or nobody is known", async () => {
    const digest = await digestOf(sampleBytes(77, 13));
    await rejection(store.get(digest, BOUNDS), ArtifactMissingError);
    await rejection(store.get(digest, { ...BOUNDS, providers: [other.endpoints()] }), ArtifactMissingError);
    await rejection(
      store.get(digest, { ...BOUNDS, providers: ["nonsense", "/ip4/127.0.0.1/tcp/1/http"] }),
      ArtifactMissingError,
    );
  });
}
