import type { ChainSource } from "./reading/chainSource.ts";
import type { Check } from "./checks.ts";
import type { Deployment } from "./reading/contracts.ts";
import type { AuditModels } from "./recompute/recomputeAggregates.ts";

/** How far an audit has come. */
export interface AuditProgress {
  readonly block: number;
  readonly toBlock: number;
  readonly events: number;
  readonly checks: number;
  readonly disagreements: number;
}

/** One endpoint of a chain, as it is: it may be behind, forget, leave something out, or lie. */
export interface AuditedEndpoint {
  /** What may be printed of it. */
  readonly name: string;
  readonly source: ChainSource;
}

/** Endpoints to audit a chain by. Several are compared with each other. */
export interface AuditedEndpoints {
  readonly endpoints: readonly AuditedEndpoint[];
  /** Milliseconds for which what does not fit together is read again; 30 seconds by default. */
  readonly patienceMs?: number;
}

/** What an audit is of, and with what. */
export interface AuditScope {
  /** The address book of the deployment, or the part of it that an audit needs. */
  readonly addressBook: Deployment;
  /** Audits one task; the registry and the vault, on which all depend, are checked anyway. */
  readonly taskId?: number;
  /** Last block to read; the chain's last by default. */
  readonly toBlock?: number;
  /** With artifacts, every global model is made again. */
  readonly models?: AuditModels;
  /** "disagreements" bounds the report's size; `onCheck` still sees every check. */
  readonly keep?: "all" | "disagreements";
  readonly onCheck?: (check: Check) => void;
  /** The audit begins again, since an endpoint contradicted itself: checks that were told count no more. */
  readonly onRestart?: () => void;
  readonly progress?: (progress: AuditProgress) => void;
}

/** What to audit, and where to read the chain: a source that is taken at its word, or endpoints as they are. */
export interface AuditOptions extends AuditScope {
  readonly chain: { readonly source: ChainSource } | AuditedEndpoints;
}
