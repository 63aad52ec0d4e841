import type { Segment } from "./segment.ts";

const DATABASE = "concordat-events";
const STORE = "segments";

interface Row extends Segment {
  readonly scope: string;
}

/** Keeps segments of events between visits. */
export interface SegmentCache {
  /** The segments of a deployment in the chain's order. */
  load(): Promise<readonly Segment[]>;
  /** Replaces what is kept from block `from` on. */
  replace(from: number, segments: readonly Segment[]): Promise<void>;
}

/**
 * A cache in the browser's IndexedDB. `scope` names the deployment: chain, contracts, and the hash of the block from which
 * its events are read, so that a chain that was started anew finds nothing of the old one.
 */
export async function openSegmentCache(scope: string): Promise<SegmentCache> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.addEventListener("upgradeneeded", () => {
      opening.result.createObjectStore(STORE, { keyPath: ["scope", "from"] });
    });
    opening.addEventListener("success", () => resolve(opening.result));
    opening.addEventListener("error", () => reject(opening.error ?? new Error("IndexedDB is not available")));
  });
  const range = (from: number): IDBKeyRange => IDBKeyRange.bound([scope, from], [scope, Infinity]);
  return {
    load: async () => {
      const rows = await finished<Row[]>(
        database.transaction(STORE, "readonly").objectStore(STORE).getAll(range(0)),
      );
      return rows.map(({ from, to, toHash, logs, index }) => ({ from, to, toHash, logs, index }));
    },
    replace: async (from, segments) => {
      const transaction = database.transaction(STORE, "readwrite");
      const store = transaction.objectStore(STORE);
      store.delete(range(from));
      for (const segment of segments) store.put({ scope, ...segment } satisfies Row);
      await new Promise<void>((resolve, reject) => {
        transaction.addEventListener("complete", () => resolve());
        transaction.addEventListener("abort", () => reject(transaction.error ?? new Error("not stored")));
      });
    },
  };
}

/** A cache that forgets: where the browser keeps nothing, the page reads the chain again. */
export const NO_CACHE: SegmentCache = { load: async () => [], replace: async () => {} };

async function finished<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("not read")));
  });
}
