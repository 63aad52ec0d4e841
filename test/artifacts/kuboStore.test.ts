import { expect } from "chai";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ArtifactMissingError } from "#store/artifactStore";
import { createKuboStore } from "#store/kubo/kuboStore";
import { buildDag, cidFromDigest } from "#protocol/artifacts/contentAddress";
import { ConcordatError, InputError } from "#protocol/errors";
import { findKubo, startKubo } from "./kuboDaemon.ts";
import type { KuboDaemon } from "./kuboDaemon.ts";
import { rejection } from "./rejection.ts";
import { sampleBytes } from "./sampleBytes.ts";
import { describeStoreContract } from "./storeContract.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

const BOUNDS = { maxBytes: 8 << 20, timeoutMs: 20_000 };
const program = await findKubo();

describe("the store over a Kubo node", function () {
  this.timeout(60_000);
  if (program === undefined) {
    it("is not tested: no `ipfs` program on the PATH or in CONCORDAT_IPFS (.ci/installKubo gets one)");
    return;
  }
  let dir: string;
  let removeFolder: () => Promise<void>;
  let kubo: KuboDaemon;

  const kuboAdd = async (bytes: Uint8Array): Promise<string> => {
    const file = join(dir, "file");
    await writeFile(file, bytes);
    return kubo.ipfs(
      "add",
      "-Q",
      "--only-hash",
      "--cid-version=1",
      "--raw-leaves",
      "--chunker=size-1048576",
      file,
    );
  };

  before(async () => {
    ({ path: dir, remove: removeFolder } = await temporaryFolder());
    kubo = await startKubo(program, join(dir, "repository"));
  });
  after(async () => {
    await kubo.stop();
    await removeFolder();
  });

  describeStoreContract(async (folder) => createKuboStore({ url: kubo.url, dir: folder }));

  it("names a file above one chunk as Kubo's own add does, and a smaller one by a root instead of the bare leaf", async () => {
    for (const length of [(1 << 20) + 1, 3_500_000]) {
      const { root } = await buildDag(sampleBytes(length));
      expect(await kuboAdd(sampleBytes(length))).to.equal(root.toString());
    }
    const { root, blocks } = await buildDag(sampleBytes(1000));
    expect(await kuboAdd(sampleBytes(1000)))
      .to.equal(blocks[0]?.cid.toString())
      .and.not.to.equal(root.toString());
  });

  it("pins what it holds, so that Kubo's garbage collection leaves it, and unpins what it removes", async () => {
    const store = await createKuboStore({ url: kubo.url, dir: join(dir, "pins") });
    const digest = await store.put(sampleBytes(2_000_000, 31));
    await kubo.ipfs("repo", "gc", "-q");
    expect(await store.get(digest, BOUNDS)).to.have.length(2_000_000);
    await store.remove(digest);
    expect(await kubo.ipfs("pin", "ls", "-q", "--type=recursive")).not.to.contain(
      cidFromDigest(digest).toString(),
    );
    await store.close();
  });

  it("notices that the operator removed an artifact behind its back", async () => {
    const first = await createKuboStore({ url: kubo.url, dir: join(dir, "lost") });
    const digest = await first.put(sampleBytes(3000, 32));
    await first.close();
    const store = await createKuboStore({ url: kubo.url, dir: join(dir, "lost") });
    await kubo.ipfs("pin", "rm", cidFromDigest(digest).toString());
    await kubo.ipfs("repo", "gc", "-q");
    await rejection(store.get(digest, BOUNDS), ArtifactMissingError);
    expect(await store.has(digest)).to.equal(false);
    await store.close();
  });

  it("serves nothing else that the Kubo node holds", async () => {
    const store = await createKuboStore({ url: kubo.url, dir: join(dir, "private") });
    const file = join(dir, "diary");
    await writeFile(file, sampleBytes(2000, 33));
    const cid = await kubo.ipfs("add", "-Q", "--cid-version=1", file);
    const [, port] = /tcp\/(\d+)\/http/.exec(store.endpoints()) ?? [];
    expect((await fetch(`http://127.0.0.1:${port}/ipfs/${cid}?format=raw`)).status).to.equal(404);
    await store.close();
  });

  it("does not forget its artifacts while Kubo is down", async () => {
    const second = await startKubo(program, join(dir, "second"));
    const first = await createKuboStore({ url: second.url, dir: join(dir, "down") });
    const digest = await first.put(sampleBytes(3000, 34));
    await first.close();
    const store = await createKuboStore({ url: second.url, dir: join(dir, "down") });
    await second.stop();
    const full = await rejection(store.put(sampleBytes(10, 35)), ConcordatError);
    expect(full.message).to.contain("Kubo node failed");
    expect((await rejection(store.get(digest, BOUNDS), ConcordatError)).hint).to.contain("IPFS node");
    expect(await store.has(digest)).to.equal(true);
    await store.close();
    const error = await rejection(createKuboStore({ url: second.url, dir: join(dir, "down") }), InputError);
    expect(error.message).to.contain("No Kubo node answers");
  });
});
