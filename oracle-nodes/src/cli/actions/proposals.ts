import { ProposalKind, ProposalState, enumName } from "../../../../protocol/enums.ts";
import type { ChainOptions } from "../chainOptions.ts";
import { withReader } from "../openChain.ts";
import { print, printJson, table } from "../output.ts";

export interface ProposalsOptions extends ChainOptions {
  readonly all?: true;
  readonly json?: true;
}

/** `concordat task proposals`. */
export async function runProposals(options: ProposalsOptions): Promise<void> {
  const proposals = await withReader(options, async ({ contracts: { nodeRegistry } }) => {
    const count = Number(await nodeRegistry.proposalCount());
    const all = await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const found = await nodeRegistry.proposal(i + 1);
        return {
          proposal: i + 1,
          kind: enumName(ProposalKind, found.kind),
          state: enumName(ProposalState, found.state),
          node: Number(found.nodeId),
          operator: found.operator,
          signer: found.signer,
          endpoints: found.endpoints,
          approvals: Number(found.approvals),
          rejections: Number(found.rejections),
          electorate: Number(found.electorate),
          expiresAt: Number(found.expiresAt),
        };
      }),
    );
    return options.all ? all : all.filter(({ state }) => state === "Open");
  });
  if (options.json) return printJson(proposals);
  if (proposals.length === 0) return print("There is nothing to vote on");
  print(
    table(
      [
        { head: "proposal", align: "right" },
        { head: "kind" },
        { head: "state" },
        { head: "for", align: "right" },
        { head: "against", align: "right" },
        { head: "of", align: "right" },
        { head: "node or operator" },
        { head: "until" },
      ],
      proposals.map((p) => [
        p.proposal,
        p.kind,
        p.state,
        p.approvals,
        p.rejections,
        p.electorate,
        p.node > 0 ? `node ${p.node}` : p.operator,
        new Date(p.expiresAt * 1000).toISOString(),
      ]),
    ),
  );
}
