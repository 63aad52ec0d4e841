import { ScoreKind } from "@concordat/protocol/contracts/enums";
import type { Bps } from "@concordat/protocol/ids";
import { alphaAt, selectAlpha, type GridTerms } from "@concordat/protocol/rules/alphaSelection";
import type { Experiment } from "./experiment.ts";
import { GRIDS, STRATEGIES } from "./schemes.ts";

/** An experiment's candidates as a task's terms would state them. */
export function gridTerms({ alphas }: Pick<Experiment, "alphas">, grid: keyof typeof GRIDS): GridTerms {
  return {
    alphaLowerBps: Math.round(alphas.lower * 10_000),
    alphaUpperBps: Math.round(alphas.upper * 10_000),
    negotiationSteps: alphas.steps,
    alphaGrid: GRIDS[grid],
  };
}

/**
 * The alpha that the contract chooses from the nodes' tables.
 * @param tables Each node's scores of the R candidates in basis points, as it would report them.
 */
export function negotiatedAlpha(
  strategy: keyof typeof STRATEGIES,
  terms: GridTerms,
  tables: readonly (readonly number[])[],
): Bps {
  const steps = Array.from({ length: terms.negotiationSteps }, (_, r) => r);
  const sum = (power: bigint) =>
    steps.map((r) => tables.reduce((total, table) => total + BigInt(table[r] ?? 0) ** power, 0n));
  const totals = { reports: tables.length, sums: sum(1n), squares: sum(2n) };
  return alphaAt(terms, selectAlpha(STRATEGIES[strategy], ScoreKind.Accuracy, totals));
}
