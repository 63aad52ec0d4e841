import { useFederation, useFederationState } from "../chain/useFederation.ts";
import { knownGateways } from "./gateways.ts";
import type { Gateway } from "./gateways.ts";

/** Every gateway that the page knows, the configured ones first. */
export function useGateways(): readonly Gateway[] {
  const { config } = useFederation();
  const { federation } = useFederationState();
  return knownGateways(config, federation, new URL(location.href));
}
