import { rpcUrls } from "@concordat/chain/endpoints/chainProvider";
import { audit } from "../audit.ts";
import type { AuditScope } from "../auditOptions.ts";
import { openEndpoint } from "./endpointSource.ts";
import type { AuditReport } from "../report.ts";

/** An audit over JSON-RPC endpoints by their addresses. */
export interface RpcAuditOptions extends AuditScope {
  /** One endpoint, or several that are compared with each other. */
  readonly rpcUrl: string | readonly string[];
  /** The chain that each must serve; whichever it does by default. */
  readonly chainId?: number;
  /** Milliseconds for which an endpoint's trouble is waited out. */
  readonly patienceMs?: number;
}

/**
 * Audits a chain over JSON-RPC endpoints as they are.
 *
 * @example
 * const report = await auditRpc({ rpcUrl: "http://127.0.0.1:8545", addressBook });
 * @throws {InputError} for an address that is none.
 * @throws {ConcordatError} where an endpoint cannot be used.
 */
export async function auditRpc(options: RpcAuditOptions): Promise<AuditReport> {
  const { rpcUrl, chainId, patienceMs, ...scope } = options;
  const endpoints = rpcUrls(rpcUrl).map((url) => openEndpoint(url, chainId, patienceMs));
  try {
    const patience = patienceMs === undefined ? {} : { patienceMs };
    return await audit({ ...scope, chain: { endpoints, ...patience } });
  } finally {
    for (const endpoint of endpoints) endpoint.close();
  }
}
