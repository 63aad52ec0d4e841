import { Wallet, id } from "ethers";
import type { Address } from "#protocol/ids";
import type { TaskTerms } from "#protocol/terms/taskTerms";

/** What differs from run to run in a test's usual terms, fixed. */
export function fixedTerms(): Partial<TaskTerms> {
  return { arbiter: new Wallet(id("arbiter")).address as Address };
}
