import { audit } from "@concordat/audit/audit";
import { chainSource } from "@concordat/audit/reading/chainSource";
import type { Check } from "@concordat/audit/checks";
import type { Deployment } from "@concordat/audit/reading/contracts";
import type { MissingFacts } from "@concordat/audit/missingWords";
import { aggregationRule } from "@concordat/learning/aggregation/aggregationRule";
import { leastSpent } from "@concordat/learning/privacy/spentInTask";
import { ConcordatError } from "@concordat/protocol/errors";
import type { Gateway } from "#artifacts/gateways.ts";
import { pageArtifacts } from "./pageArtifacts.ts";

/** What the page asks the worker to compute again. */
export interface AuditRequest {
  readonly rpcUrls: readonly string[];
  readonly addressBook: Deployment;
  readonly taskId: number | undefined;
  readonly round: number | undefined;
  readonly toBlock: number;
  /** Where artifacts are fetched, to make each global model again; undefined to leave models alone. */
  readonly gateways: readonly Gateway[] | undefined;
}

/** What the worker answers: how far it is, then once the outcome. */
export type AuditAnswer =
  | { readonly kind: "progress"; readonly block: number; readonly checks: number }
  | {
      readonly kind: "done";
      readonly total: number;
      readonly notRecomputed: number;
      /** What could not be derived again since somebody serves nothing, and who. */
      readonly missing: readonly MissingFacts[];
      /** Of these the first, each with the reason. */
      readonly onlyRead: readonly Check[];
      /** Last block that was read. */
      readonly toBlock: number;
      readonly disagreements: readonly Check[];
      /** The checks of the round that was asked for. */
      readonly checks: readonly Check[];
    }
  | { readonly kind: "failed"; readonly message: string };

const PROGRESS_MS = 200;
/** Facts that could only be read which are told one by one. */
const MOST_READ = 200;

self.addEventListener("message", ({ data }: MessageEvent<AuditRequest>) => {
  void run(data);
});

async function run({ rpcUrls, addressBook, taskId, round, toBlock, gateways }: AuditRequest): Promise<void> {
  const answer = (value: AuditAnswer): void => self.postMessage(value);
  const checks: Check[] = [];
  const disagreements: Check[] = [];
  let total = 0;
  let notRecomputed = 0;
  const onlyRead: Check[] = [];
  let told = 0;
  try {
    const source = chainSource((method, params) => request(rpcUrls, method, params));
    const { missing } = await audit({
      chain: { endpoints: [{ name: "the chain's endpoint", source }] },
      addressBook,
      toBlock,
      keep: "disagreements",
      ...(taskId !== undefined && { taskId }),
      ...(gateways !== undefined && {
        models: {
          artifacts: pageArtifacts(gateways),
          aggregate: async (rule, updates, byzantineBound) =>
            aggregationRule(rule).aggregate(updates, byzantineBound),
          leastSpent,
        },
      }),
      onCheck: (check) => {
        total++;
        if (!check.recomputed && ++notRecomputed <= MOST_READ) onlyRead.push(check);
        if (!check.agrees) disagreements.push(check);
        if (round !== undefined && check.taskId === taskId && check.round === round) checks.push(check);
      },
      onRestart: () => {
        [total, notRecomputed] = [0, 0];
        for (const list of [checks, disagreements, onlyRead]) list.length = 0;
      },
      progress: ({ block }) => {
        if (performance.now() - told < PROGRESS_MS) return;
        told = performance.now();
        answer({ kind: "progress", block, checks: total });
      },
    });
    answer({ kind: "done", total, notRecomputed, missing, onlyRead, disagreements, checks, toBlock });
  } catch (error) {
    const message =
      error instanceof ConcordatError
        ? error.oneLine
        : `The chain could not be read: ${error instanceof Error ? error.message : String(error)}`;
    answer({ kind: "failed", message });
  }
}

/** Asks the first endpoint that answers. */
async function request(
  rpcUrls: readonly string[],
  method: string,
  params: readonly unknown[],
): Promise<unknown> {
  let failure: unknown;
  for (const url of rpcUrls) {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      });
      const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } };
      if (error === undefined) return result;
      failure = new Error(error.message);
    } catch (cause) {
      failure = cause;
    }
  }
  throw failure;
}
