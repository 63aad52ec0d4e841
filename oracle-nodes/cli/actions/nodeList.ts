import { printable } from "@concordat/protocol/words/printable";
import type { Contracts } from "@concordat/chain/contracts/chainAccess";
import type { ChainOptions } from "../chainOptions.ts";
import { inBatches, upTo } from "@concordat/chain/endpoints/inBatches";
import { withReader } from "../openChain.ts";
import { print, printJson, table } from "@concordat/console/output";

export interface NodeListOptions extends ChainOptions {
  readonly json?: true;
}

/** `concordat node list`. */
export async function runNodeList(options: NodeListOptions): Promise<void> {
  const nodes = await withReader(options, async ({ contracts }) => readNodes(contracts));
  if (options.json) return printJson(nodes);
  print(
    table(
      [{ head: "node", align: "right" }, { head: "member" }, { head: "operator" }, { head: "endpoints" }],
      nodes.map(({ node, isMember, operator, endpoints }) => [
        node,
        isMember ? "yes" : "no",
        operator,
        printable(endpoints),
      ]),
    ),
  );
}

async function readNodes({ nodeRegistry }: Contracts) {
  return inBatches(upTo(await nodeRegistry.nodeCount()), async (node) => {
    const { operator, signer, isMember, endpoints } = await nodeRegistry.getFunction("node")(node);
    return { node, isMember, operator, signer, endpoints };
  });
}
