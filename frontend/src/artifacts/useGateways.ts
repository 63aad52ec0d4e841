import { useFederation, useFederationState } from "../chain/useFederation.ts";
import { knownGateways } from "./gateways.ts";
import type { Gateway } from "./gateways.ts";

/** Every gateway that the page knows, the configured ones first. */
export function useGateways(): readonly Gateway[] {
  const { config } = useFederation();
  const { world } = useFederationState();
  return knownGateways(config, world, new URL(location.href));
}
