import { sha256 } from "viem";

interface Hash {
  update(text: string): Hash;
  digest(): { readInt32LE(offset: number): number };
}

/** In place of Node's, for what the seeded random numbers need of it: SHA-256 of a text. */
export function createHash(algorithm: string): Hash {
  if (algorithm !== "sha256") throw new RangeError(`${algorithm} is not known here`);
  let text = "";
  const hash: Hash = {
    update: (more) => {
      text += more;
      return hash;
    },
    digest: () => {
      const bytes = sha256(new TextEncoder().encode(text), "bytes");
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return { readInt32LE: (offset) => view.getInt32(offset, true) };
    },
  };
  return hash;
}
