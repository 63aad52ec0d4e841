import type { ChainGateway } from "@concordat/chain/contracts/chainGateway";
import type { RoundView } from "@concordat/chain/contracts/roundView";

/** Blocks for which every endpoint keeps the state: ordinary ones forget it after 128. */
const KEPT = 64;

/**
 * The block at which the reads of one decision are made: that of the view, or the present one where the view is so old that
 * endpoints have forgotten its state. What a phase has fixed is the same in both; where the phase is over, so is the step.
 */
export function blockOf(
  { confirmedBlock }: Pick<ChainGateway, "confirmedBlock">,
  { block }: RoundView,
): number {
  return confirmedBlock - block > KEPT ? confirmedBlock : block;
}
