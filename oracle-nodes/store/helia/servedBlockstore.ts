import type { HeliaInit } from "helia";
import type { BlockStorage } from "../blocks/blockStorage.ts";
import { unlessDamaged } from "../blocks/blockSource.ts";

type Blockstore = NonNullable<HeliaInit["blockstore"]>;
type Bytes = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * What Helia sees of a store: the blocks that are served, for reading. Blocks that Helia fetches are not kept here: they
 * count only once their whole artifact is verified, so an interrupted or refused fetch leaves nothing on the disk.
 */
export function servedBlockstore(storage: BlockStorage): Blockstore {
  const store: Blockstore = {
    has: (cid) => storage.hasBlock(cid),
    put: (cid: Parameters<Blockstore["put"]>[0], _bytes: Bytes) => cid,
    async *putMany(source) {
      for await (const { cid } of source) yield cid;
    },
    async *get(cid, options) {
      const bytes = await storage.read(cid, options?.signal).catch(unlessDamaged);
      if (bytes === undefined)
        throw Object.assign(new Error(`Block ${cid} is not held`), { name: "NotFoundError" });
      yield bytes;
    },
    async *getMany(source, options) {
      for await (const cid of source) yield { cid, bytes: asyncBytes(store.get(cid, options)) };
    },
    delete: () => undefined,
    async *deleteMany(source) {
      yield* source;
    },
    async *getAll() {
      yield* [];
    },
  };
  return store;
}

async function* asyncBytes(
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* source;
}
