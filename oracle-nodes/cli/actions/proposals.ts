import { ProposalKind, ProposalState, enumName } from "@concordat/protocol/contracts/enums";
import { momentWords } from "@concordat/protocol/words/timeWords";
import type { ChainOptions } from "../chainOptions.ts";
import { inBatches, upTo } from "@concordat/chain/endpoints/inBatches";
import { withReader } from "../openChain.ts";
import { print, printJson, table } from "@concordat/console/output";
import { newestBlock } from "../readTask.ts";

export interface ProposalsOptions extends ChainOptions {
  readonly all?: true;
  readonly json?: true;
}

/** `concordat task proposals`. */
export async function runProposals(options: ProposalsOptions): Promise<void> {
  const { proposals, now } = await withReader(options, async (chain) => {
    const { nodeRegistry } = chain.contracts;
    const { timestamp } = await newestBlock(chain);
    const all = await inBatches(upTo(await nodeRegistry.proposalCount()), async (proposal) => {
      const found = await nodeRegistry.proposal(proposal);
      return {
        proposal,
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
    });
    return {
      proposals: options.all ? all : all.filter(({ state }) => state === "Open"),
      now: timestamp,
    };
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
        p.kind.toLowerCase(),
        p.state.toLowerCase(),
        p.approvals,
        p.rejections,
        p.electorate,
        p.node > 0 ? `node ${p.node}` : p.operator,
        momentWords(p.expiresAt, now),
      ]),
    ),
  );
}
