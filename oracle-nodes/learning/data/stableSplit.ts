import { createHash } from "node:crypto";

/** One record in this many is for tests, where a folder has no test split of its own. */
const TEST_SHARE = 5;

/**
 * Whether a record is for tests. Only the record's own name decides, by its hash, so that a record stays where it is when
 * others come.
 */
export function isForTests(name: string): boolean {
  return createHash("sha256").update(name).digest().readUInt32BE(0) % TEST_SHARE === 0;
}
