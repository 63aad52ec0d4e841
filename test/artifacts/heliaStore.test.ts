import { expect } from "chai";
import { readFile, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ArtifactCorruptError, ArtifactMissingError } from "#store/artifactStore";
import { checkEndpoints, parseEndpoints } from "#protocol/endpoints/endpoints";
import { createHeliaStore } from "#store/helia/heliaStore";
import { blockBytes } from "#protocol/artifacts/contentAddress";
import { ArtifactError, InputError } from "#protocol/errors";
import { rejection } from "./rejection.ts";
import { sampleBytes } from "./sampleBytes.ts";
import { describeStoreContract, only } from "./storeContract.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

const BOUNDS = { maxBytes: 8 << 20, timeoutMs: 20_000 };

describe("the embedded store", function () {
  this.timeout(30_000);
  describeStoreContract(async (dir) => createHeliaStore({ dir }));

  describe("in its folder", () => {
    let dir: string;
    let removeFolder: () => Promise<void>;
    beforeEach(async () => ({ path: dir, remove: removeFolder } = await temporaryFolder()));
    afterEach(async () => removeFolder());

    it("keeps its peer identity over a restart", async () => {
      const first = await createHeliaStore({ dir });
      const [before] = only("p2p", first);
      await first.close();
      const second = await createHeliaStore({ dir });
      const [after] = only("p2p", second);
      await second.close();
      expect(before).to.match(/\/p2p\/\w+$/);
      expect(after?.split("/p2p/")[1]).to.equal(before?.split("/p2p/")[1]);
    });

    it("is alone: a second store is refused with a hint", async () => {
      const store = await createHeliaStore({ dir });
      const error = await rejection(createHeliaStore({ dir }), InputError);
      expect(error.hint).to.contain("Stop the other process");
      await store.close();
    });

    it("notices a damaged block, forgets the artifact, and gets it from others again", async () => {
      const bytes = sampleBytes(2_000_000);
      const first = await createHeliaStore({ dir: join(dir, "a") });
      const other = await createHeliaStore({ dir: join(dir, "b") });
      const digest = await first.put(bytes);
      await other.put(bytes);
      await first.close();
      const [name = ""] = await readdir(join(dir, "a/served"));
      const file = await readFile(join(dir, "a/served", name));
      file[0] = (file[0] ?? 0) ^ 1;
      await writeFile(join(dir, "a/served", name), file);
      const news: string[] = [];
      const store = await createHeliaStore({
        dir: join(dir, "a"),
        news: {
          damaged: (found, reason) => void news.push(`${found} ${reason}`),
          restored: (found) => void news.push(`${found} is here again`),
        },
      });
      // Nobody is served what is damaged: the others look for it elsewhere.
      const third = await createHeliaStore({ dir: join(dir, "c") });
      for (const kind of ["http", "p2p"] as const) {
        const error = await third
          .get(digest, { ...BOUNDS, timeoutMs: 4000, providers: only(kind, store) })
          .then(
            () => undefined,
            (reason: unknown) => reason,
          );
        expect(error, kind).to.be.instanceOf(ArtifactError).and.not.instanceOf(ArtifactCorruptError);
      }
      await third.close();
      const missing = await rejection(store.get(digest, BOUNDS), ArtifactMissingError);
      expect(missing.message).to.contain("damaged here").and.to.contain("block ");
      expect(news).to.have.length(1);
      expect(news[0]).to.contain(digest).and.to.contain("damaged on this disk");
      const providers = async () => [other.endpoints()];
      const fetched = await store.get(digest, { ...BOUNDS, providers });
      expect(Buffer.compare(fetched, bytes)).to.equal(0);
      expect(Buffer.compare(await store.get(digest, BOUNDS), bytes)).to.equal(0);
      await store.close();
      await other.close();
    });

    it("replaces a damaged artifact from others in one go, and asks nobody about what it holds", async () => {
      const bytes = sampleBytes(2_000_000);
      const other = await createHeliaStore({ dir: join(dir, "b") });
      const digest = await other.put(bytes);
      const news: string[] = [];
      const first = await createHeliaStore({ dir: join(dir, "a") });
      await first.put(bytes);
      await first.close();
      const [name = ""] = await readdir(join(dir, "a/served"));
      const damage = async (place: number): Promise<void> => {
        const file = await readFile(join(dir, "a/served", name));
        file[place] = (file[place] ?? 0) ^ 1;
        await writeFile(join(dir, "a/served", name), file);
      };
      await damage(1_500_000);
      let asked = 0;
      const providers = async () => [other.endpoints()].slice(0, ++asked);
      const store = await createHeliaStore({
        dir: join(dir, "a"),
        news: {
          damaged: () => void news.push("damaged"),
          restored: () => void news.push("restored"),
          swept: (count) => void news.push(`swept ${count}`),
        },
      });
      for (let i = 0; i < 2; i++)
        expect(Buffer.compare(await store.get(digest, { ...BOUNDS, providers }), bytes)).to.equal(0);
      expect(asked).to.equal(1);
      expect(news).to.deep.equal(["damaged", "restored"]);
      await store.close();
      // What was cut short is not taken for an artifact; it is counted.
      const [again = ""] = await readdir(join(dir, "a/served"));
      await truncate(join(dir, "a/served", again), 1000);
      const third = await createHeliaStore({
        dir: join(dir, "a"),
        news: { swept: (n) => void news.push(`swept ${n}`) },
      });
      expect(news.at(-1)).to.equal("swept 1");
      expect(Buffer.compare(await third.get(digest, { ...BOUNDS, providers }), bytes)).to.equal(0);
      await third.close();
      await other.close();
    });

    it("counts the blocks that its gateway and its bitswap sent, and no others", async () => {
      const store = await createHeliaStore({ dir: join(dir, "a") });
      let expected = 0;
      for (const [i, transport] of (["http", "p2p"] as const).entries()) {
        const bytes = sampleBytes(2_500_000 + i, i);
        const digest = await store.put(bytes);
        await store.get(digest, BOUNDS);
        const other = await createHeliaStore({ dir: join(dir, transport) });
        await other.get(digest, { ...BOUNDS, providers: only(transport, store) });
        expect(other.sentBytes()).to.equal(0);
        // A stream's end is noted after its last byte has arrived.
        await other.close();
        expected += blockBytes(bytes.length);
        expect(store.sentBytes(), transport).to.equal(expected);
      }
      await store.close();
    });

    it("serves what it used last from memory", async () => {
      const bytes = sampleBytes(3_000_000, 4);
      const store = await createHeliaStore({ dir: join(dir, "a") });
      const other = await createHeliaStore({ dir: join(dir, "b") });
      const digest = await store.put(bytes);
      const [name = ""] = await readdir(join(dir, "a/served"));
      await truncate(join(dir, "a/served", name));
      const fetched = await other.get(digest, { ...BOUNDS, providers: only("http", store) });
      expect(Buffer.compare(fetched, bytes)).to.equal(0);
      await store.close();
      await other.close();
    });

    it("sweeps what an interrupted put left behind, and files that a crash cut short", async () => {
      const store = await createHeliaStore({ dir });
      const digest = await store.put(sampleBytes(100));
      await store.put(sampleBytes(2_000_000, 2));
      await store.close();
      const served = join(dir, "served");
      const [kept = "", cut = ""] = (await readdir(served)).toSorted();
      await truncate(join(served, cut), 1_500_000);
      await writeFile(join(served, `${kept}.partial`), "half");
      await writeFile(join(served, `000000000009-${"0".repeat(64)}`), "");
      const again = await createHeliaStore({ dir });
      expect(await again.list()).to.deep.equal([digest]);
      expect(await readdir(served)).to.deep.equal([kept]);
      await again.close();
    });

    it("refuses files of another format, or of none, and leaves them alone", async () => {
      const store = await createHeliaStore({ dir });
      await store.put(sampleBytes(100));
      await store.close();
      const served = join(dir, "served");
      await writeFile(join(served, "new-kind-of-file"), "precious");
      const before = await readdir(served);

      await writeFile(join(dir, "FORMAT"), "concordat/artifacts/2\n");
      const newer = await rejection(createHeliaStore({ dir }), InputError);
      expect(newer.message).to.contain('"concordat/artifacts/2"');
      await rm(join(dir, "FORMAT"));
      const unmarked = await rejection(createHeliaStore({ dir }), InputError);
      expect(unmarked.message).to.contain(dir);
      expect(await readdir(served)).to.deep.equal(before);
    });

    it("releases by moving the file, and what it put over a fetched copy counts from then on", async () => {
      const bytes = sampleBytes(3_000_000, 3);
      const store = await createHeliaStore({ dir: join(dir, "a") });
      const other = await createHeliaStore({ dir: join(dir, "b") });
      const digest = await other.put(bytes);
      await store.put(bytes, { withhold: true });
      await store.get(digest, BOUNDS);
      await store.release(digest);
      expect(await readdir(join(dir, "a/withheld"))).to.deep.equal([]);
      expect(await readdir(join(dir, "a/served"))).to.have.length(1);
      await store.remove(digest);
      await store.get(digest, { ...BOUNDS, providers: [other.endpoints()] });
      await store.put(bytes);
      expect(await readdir(join(dir, "a/served"))).to.have.length(1);
      await other.remove(digest);
      expect(await other.get(digest, { ...BOUNDS, providers: only("http", store) })).to.have.length(
        3_000_000,
      );
      await store.close();
      await other.close();
    });

    it("says which port is taken, and leaves nothing open", async () => {
      const store = await createHeliaStore({ dir: join(dir, "a") });
      const [, port] = /tcp\/(\d+)\/http/.exec(store.endpoints()) ?? [];
      const taken = { host: "127.0.0.1", port: Number(port) };
      const message = `cannot listen on 127.0.0.1:${port}`;
      expect(
        (await rejection(createHeliaStore({ dir: join(dir, "b"), gatewayListen: taken }), InputError))
          .message,
      ).to.contain(message);
      expect(
        (await rejection(createHeliaStore({ dir: join(dir, "b"), listen: taken }), InputError)).message,
      ).to.contain(message);
      await (await createHeliaStore({ dir: join(dir, "b") })).close();
      await store.close();
    });

    it("never publishes the address of every machine", async () => {
      for (const host of ["0.0.0.0", "::"]) {
        const open = { host, port: 0 };
        const own = await createHeliaStore({ dir, gatewayListen: open, listen: open });
        const { gateways, peers } = parseEndpoints(own.endpoints());
        expect(() => checkEndpoints(own.endpoints())).not.to.throw();
        expect(own.endpoints()).not.to.match(/\/ip4\/0\.0\.0\.0\/|\/ip6\/::\//);
        expect([gateways.length, peers.length].map(Math.sign)).to.deep.equal([1, 1]);
        await own.close();
        const announce = ["/dns4/node.example/tcp/443/https"];
        const store = await createHeliaStore({ dir, gatewayListen: open, announce });
        expect(store.endpoints()).to.equal(announce[0]);
        await store.close();
      }
    });

    it("publishes the announced addresses instead of its own", async () => {
      const announce = ["/dns4/node.example/tcp/443/https"];
      const store = await createHeliaStore({ dir, announce });
      expect(store.endpoints()).to.equal(announce[0]);
      await store.close();
      await rejection(createHeliaStore({ dir, announce: ["node.example:443"] }), InputError);
      await rejection(createHeliaStore({ dir, announce: ["/ip4/0.0.0.0/tcp/443/https"] }), InputError);
    });
  });
});
