import type { Deployment } from "../reading/contracts.ts";

/** What an index is of. */
export interface IndexedChain extends Deployment {
  readonly chainId: number;
  /** Whether it has every transaction sent to the contracts, or those alone that caused events. */
  readonly hasAllTransactions?: boolean;
}
