import type { Contracts } from "../chainAccess.ts";
import type { ChainOptions } from "../chainOptions.ts";
import { withReader } from "../openChain.ts";
import { print, printJson, table } from "../output.ts";

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
        endpoints,
      ]),
    ),
  );
}

async function readNodes({ nodeRegistry }: Contracts) {
  const count = Number(await nodeRegistry.nodeCount());
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const node = i + 1;
      const { operator, signer, isMember, endpoints } = await nodeRegistry.getFunction("node")(node);
      return { node, isMember, operator, signer, endpoints };
    }),
  );
}
