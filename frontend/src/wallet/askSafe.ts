import { withTimeout } from "viem";
import type { EIP1193Provider, Hex } from "viem";
import type { Config } from "wagmi";
import type { ProposalState } from "../transactions/followProposal.ts";
import { SAFE } from "./useWallet.ts";

/** Milliseconds that the Safe may take for one answer: a message to a parent page has no time limit of its own. */
const ANSWER_MS = 15_000;
/** Statuses of EIP-5792. */
const NOT_DONE = 400;

/**
 * What the Safe in whose frame this page stands says of a transaction that was proposed to it: it waits as long as no Safe of
 * that chain is there to ask. @throws where the Safe does not answer, or does not know it.
 */
export async function askSafe(config: Config, chainId: number, proposal: Hex): Promise<ProposalState> {
  const connector = config.connectors.find(({ type }) => type === SAFE);
  if (connector === undefined || (await connector.getChainId()) !== chainId) return { kind: "waiting" };
  const provider = (await connector.getProvider()) as EIP1193Provider;
  const { status, receipts = [] } = await withTimeout(
    () => provider.request({ method: "wallet_getCallsStatus", params: [proposal] }),
    { timeout: ANSWER_MS },
  );
  const [receipt] = receipts;
  if (receipt !== undefined) return { kind: "executed", hash: receipt.transactionHash };
  return { kind: Number(status) === NOT_DONE ? "rejected" : "waiting" };
}
