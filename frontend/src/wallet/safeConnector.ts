import type { CreateConnectorFn } from "wagmi";
import { safe } from "wagmi/connectors/safe";

/** Milliseconds in which a Safe must say which one it is, once the SDK asks. */
const INFO_MS = 10_000;

/**
 * Connects as the Safe in whose frame this page stands; loads the SDK when it does. The SDK itself speaks to any parent, so
 * this is only for a parent whose origin `safeParent` has found.
 */
export function safeConnector(origin: string): CreateConnectorFn {
  return safe({
    allowedDomains: [new RegExp(`^${origin.replaceAll(/\W/g, "\\$&")}$`)],
    // Who has disconnected stays so over a reload.
    shimDisconnect: true,
    unstable_getInfoTimeout: INFO_MS,
  });
}
