import { InputError } from "../../../protocol/errors.ts";
import type { ChainWriter } from "./chainAccess.ts";

/** The number of the node that the account operates. @throws {InputError} when it operates none. */
export async function ownNode({ contracts, account }: ChainWriter): Promise<number> {
  const nodeId = Number(await contracts.nodeRegistry.nodeIdOf(account));
  if (nodeId > 0) return nodeId;
  throw new InputError(`Account ${account} operates no member node`, {
    hint: "Give the operator's keystore, or ask for admission with: concordat node apply",
  });
}
