import {
  AggregationRule,
  AlphaGrid,
  ElectionMode,
  ScoreKind,
  Strategy,
  TrainingBase,
  enumName,
} from "../../../protocol/enums.ts";
import type { TaskTerms } from "../../../protocol/taskTerms.ts";

const ENUMS: Readonly<Partial<Record<keyof TaskTerms, Readonly<Record<string, number>>>>> = {
  alphaGrid: AlphaGrid,
  strategy: Strategy,
  trainingBase: TrainingBase,
  electionMode: ElectionMode,
  aggregationRule: AggregationRule,
  scoreKind: ScoreKind,
};

/** Terms in the order of the contract's struct, with names for numbers and dates for times. */
export function readableTerms(terms: TaskTerms): (readonly [string, string])[] {
  return Object.entries(terms).map(([key, value]) => {
    const values = ENUMS[key as keyof TaskTerms];
    if (values !== undefined) return [key, enumName(values, Number(value))] as const;
    if (key === "startTime" || key === "timeLimit") {
      return [key, new Date(Number(value) * 1000).toISOString()] as const;
    }
    return [key, String(value)] as const;
  });
}
