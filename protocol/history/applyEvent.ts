import type { ConcordatEvent } from "../events/concordatEvent.ts";
import { applyRegistryEvent, applyStakeEvent } from "./applyNodeEvent.ts";
import { applyRoundEvent } from "./applyRoundEvent.ts";
import { applyLedgerEvent, applyTaskEvent } from "./applyTaskEvent.ts";
import { draft } from "./draft.ts";
import type { World } from "./world.ts";

/** Folds the next event of the chain into the world. */
export function applyEvent(world: World, event: ConcordatEvent): void {
  draft(world).events.push(event);
  switch (event.contract) {
    case "NodeRegistry":
      return applyRegistryEvent(world, event);
    case "StakeVault":
      return applyStakeEvent(world, event);
    case "TaskRegistry":
      return applyTaskEvent(world, event);
    case "RewardLedger":
      return applyLedgerEvent(world, event);
    case "RoundCoordinator":
      return applyRoundEvent(world, event);
  }
}
