import { InputError } from "@concordat/protocol/errors";
import type { ChainWriter } from "@concordat/chain/contracts/chainAccess";

/**
 * The number of the node that the account operates, or operated last: a removed node keeps its stake and what it earned.
 * @throws {InputError} when there is none.
 */
export async function ownNode({ contracts, account }: ChainWriter): Promise<number> {
  const { nodeRegistry } = contracts;
  const nodeId = Number(await nodeRegistry.nodeIdOf(account));
  if (nodeId > 0) return nodeId;
  for (let former = Number(await nodeRegistry.nodeCount()); former > 0; former -= 1) {
    if ((await nodeRegistry.operatorOf(former)) === account) return former;
  }
  throw new InputError(`Account ${account} does not operate a member node`, {
    hint: "Give the operator's keystore, or ask for admission with: concordat node apply",
  });
}
