import { expect } from "chai";
import * as dagPb from "@ipld/dag-pb";
import { CID } from "multiformats/cid";
import {
  CHUNK_BYTES,
  MAX_ROOT_BYTES,
  blockBytes,
  buildDag,
  cidFromDigest,
  digestFromCid,
  digestOf,
  matchesCid,
  readRoot,
} from "#protocol/artifacts/contentAddress";
import { ArtifactError } from "#protocol/errors";

/** Bytes that do not repeat with the chunk size. */
const pattern = (length: number): Uint8Array => new Uint8Array(length).map((_, i) => (i * 31) % 251);

describe("a content address", () => {
  it("is pinned for one byte, a full chunk, a byte more, and 7 MB", async () => {
    const pinned: readonly (readonly [number, string])[] = [
      [1, "bafybeiatqrf5qpcdvxj4bh574zy2fjx6u373pnxb3jhnus4mtodpg4w4f4"],
      [CHUNK_BYTES, "bafybeiauxfgyq6mmcr6ajkqvw76kswxuufl2g3qmu6p2ct2ore3rs4btkm"],
      [CHUNK_BYTES + 1, "bafybeifzdxsmcuajf7xz5zuw4fwbwts6rxvzp4gqe4h4lqn7oef6trkmvi"],
      [7_340_037, "bafybeihptdgtmtmq4vbzcyshjy5owrcvymhjpxqtenugonmrf5hlathp5q"],
    ];
    for (const [length, cid] of pinned)
      expect((await buildDag(pattern(length))).root.toString()).to.equal(cid);
  });

  it("is the same whether written as digest or as CID", async () => {
    const { root, digest } = await buildDag(pattern(100));
    expect(cidFromDigest(digest).toString()).to.equal(root.toString());
    expect(digestFromCid(root)).to.equal(digest);
    expect(await digestOf(pattern(100))).to.equal(digest);
  });

  it("always has a root above its leaves, and the root tells their order and sizes", async () => {
    for (const length of [1, CHUNK_BYTES, 2 * CHUNK_BYTES + 5]) {
      const { root, blocks } = await buildDag(pattern(length));
      const last = blocks.at(-1);
      expect(last?.cid.toString()).to.equal(root.toString());
      expect(root.code).to.equal(dagPb.code);
      const { size, leaves } = readRoot(last?.bytes ?? new Uint8Array());
      expect(size).to.equal(length);
      expect(leaves.map(({ cid }) => cid.toString())).to.deep.equal(
        blocks.slice(0, -1).map(({ cid }) => cid.toString()),
      );
      for (const { cid, bytes } of blocks) expect(await matchesCid(cid, bytes)).to.equal(true);
    }
  });

  it("tells beforehand how many bytes its blocks have", async () => {
    for (const length of [1, CHUNK_BYTES, 2 * CHUNK_BYTES + 5]) {
      const { blocks } = await buildDag(pattern(length));
      expect(blockBytes(length)).to.equal(blocks.reduce((sum, { bytes }) => sum + bytes.length, 0));
    }
  });

  it("counts a chunk that repeats once as a block and each time as a leaf", async () => {
    const { blocks } = await buildDag(new Uint8Array(3 * CHUNK_BYTES));
    expect(blocks).to.have.length(2);
    expect(readRoot(blocks[1]?.bytes ?? new Uint8Array()).leaves).to.have.length(3);
  });

  it("has exactly the root that its leaves' names and sizes make: reading it equals importing everything again", async () => {
    for (const length of [
      1,
      127,
      128,
      CHUNK_BYTES - 1,
      CHUNK_BYTES,
      CHUNK_BYTES + 1,
      7_340_037,
      130 * CHUNK_BYTES,
    ]) {
      const root = (await buildDag(new Uint8Array(length))).blocks.at(-1)?.bytes ?? new Uint8Array();
      expect(readRoot(root).size).to.equal(length);
      const { Data = new Uint8Array(), Links } = dagPb.decode(root);
      const others = [
        dagPb.encode({ Links }),
        dagPb.encode({ Data: Uint8Array.of(...Data, 0x38, 1), Links }),
        dagPb.encode({ Data, Links: Links.map((link) => ({ ...link, Name: "x" })) }),
        Uint8Array.of(...root, 0x0a, 0),
      ];
      for (const other of others) expect(() => readRoot(other)).to.throw(ArtifactError);
    }
  });

  it("has a root within its bound even at the largest size", () => {
    const [cid] = [cidFromDigest(`0x${"ff".repeat(32)}` as never)];
    const links = Array.from({ length: 1024 }, () => ({ Hash: cid, Name: "", Tsize: CHUNK_BYTES }));
    const sizes = new Uint8Array(1024 * 4 + 16);
    expect(dagPb.encode({ Links: links, Data: sizes }).length).to.be.lessThan(MAX_ROOT_BYTES);
  });

  it("is not given to nothing, nor taken from another kind of CID", async () => {
    await buildDag(new Uint8Array()).then(
      () => expect.fail("accepted no bytes"),
      (error: unknown) => expect(error).to.be.instanceOf(ArtifactError),
    );
    for (const text of [
      "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnu3bC",
      "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy",
    ]) {
      expect(() => digestFromCid(CID.parse(text))).to.throw(ArtifactError);
    }
  });

  it("refuses roots whose leaves are not raw chunks of 1 MiB", async () => {
    const { blocks } = await buildDag(pattern(2 * CHUNK_BYTES));
    const [leaf, , root] = blocks;
    if (leaf === undefined || root === undefined) return expect.fail("the DAG has too few blocks");
    const link = (Tsize: number, Hash = leaf.cid): dagPb.PBLink => ({ Hash, Name: "", Tsize });
    const bad = [[], [link(5), link(5)], [link(CHUNK_BYTES + 1)], [link(0)], [link(5, root.cid)]];
    for (const Links of bad)
      expect(() => readRoot(dagPb.encode({ Links }))).to.throw(ArtifactError, "not canonical");
    expect(() => readRoot(Uint8Array.of(1, 2, 3))).to.throw(ArtifactError, "not dag-pb");
    expect(await matchesCid(leaf.cid, root.bytes)).to.equal(false);
  });
});
