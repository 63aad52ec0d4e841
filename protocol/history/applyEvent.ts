import type { ConcordatEvent } from "../events/concordatEvent.ts";
import { applyRegistryEvent, applyStakeEvent } from "./applyNodeEvent.ts";
import { applyRoundEvent } from "./applyRoundEvent.ts";
import { applyLedgerEvent, applyTaskEvent } from "./applyTaskEvent.ts";
import { draft } from "./draft.ts";
import type { FederationState } from "./federationState.ts";

/** Folds the next event of the chain into the state of the federation. */
export function applyEvent(federation: FederationState, event: ConcordatEvent): void {
  draft(federation).events.push(event);
  switch (event.contract) {
    case "NodeRegistry":
      return applyRegistryEvent(federation, event);
    case "StakeVault":
      return applyStakeEvent(federation, event);
    case "TaskRegistry":
      return applyTaskEvent(federation, event);
    case "RewardLedger":
      return applyLedgerEvent(federation, event);
    case "RoundCoordinator":
      return applyRoundEvent(federation, event);
  }
}
