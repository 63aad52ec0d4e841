import { ConcordatError } from "@concordat/protocol/errors";
import type { NetworkConfig } from "../config/dappConfig.ts";
import type { ContractName } from "@concordat/protocol/events/contracts";

/** The endpoint answers, but for another chain, or for one on which the contracts do not stand. */
export class MissingContract extends ConcordatError {
  constructor({ name, chainId, addressBook }: NetworkConfig, found: number, contract?: ContractName) {
    super(
      contract === undefined
        ? `The endpoint of ${name} serves chain ${found}, the address book is of chain ${chainId}`
        : `No contract stands at the address of ${contract} (${addressBook.contracts[contract]}) on ${name}`,
      { hint: "Correct the endpoint or the address book in config.json, then load again" },
    );
  }
}
