import { z } from "zod";
import { AlphaGrid, Strategy } from "@concordat/protocol/contracts/enums";

/** How experiment files name what the protocol numbers. */
export const STRATEGIES = {
  "argmax-mean": Strategy.ArgmaxMean,
  "min-variance": Strategy.MinVariance,
} as const;
export const GRIDS = {
  "include-upper": AlphaGrid.IncludeUpper,
  "include-lower": AlphaGrid.IncludeLower,
} as const;

const grid = z.enum(["include-upper", "include-lower"]).default("include-upper");
const bounded = z.number().min(0).max(1);
/** A number, or the one that the experiment's `tune` finds on the validation split. */
const tunable = z.union([z.literal("tuned"), z.number().min(0)]);

const kinds = z.discriminatedUnion("kind", [
  /** w_G for everyone (McMahan et al. 2017). */
  z.strictObject({ kind: z.literal("fedavg") }),
  /** The round's w_k before aggregation, trained from w_G: FedAvg with fine-tuning, alpha = 1. */
  z.strictObject({ kind: z.literal("fine-tuned") }),
  /** alpha w_k + (1 - alpha) w_G with one alpha for all rounds. */
  z.strictObject({ kind: z.literal("fixed"), alpha: bounded }),
  /** The negotiated alpha of paper 1. */
  z.strictObject({
    kind: z.literal("scei"),
    strategy: z.enum(["argmax-mean", "min-variance"]),
    base: z.enum(["global", "personalised"]).default("global"),
    grid,
  }),
  /** Paper 1's asynchronous variant on a seeded virtual clock. */
  z.strictObject({
    kind: z.literal("scei-async"),
    grid,
    /** Greatest ratio of two nodes' speeds. */
    spread: z.number().min(1).max(100).default(4),
  }),
  /** Each node alone, with as many steps. */
  z.strictObject({ kind: z.literal("local") }),
  /** Li et al. 2020: mu/2 |w - w_G|^2 is added to the loss. */
  z.strictObject({ kind: z.literal("fedprox"), mu: tunable.default("tuned") }),
  /** Karimireddy et al. 2020, option II, momentum 0. */
  z.strictObject({ kind: z.literal("scaffold") }),
  /** Deng et al. 2020, alpha learnt per node. */
  z.strictObject({ kind: z.literal("apfl"), alpha: bounded.default(0.5) }),
  /** Li et al. 2021: personal models v_k, pulled towards the round's w_G by lambda. */
  z.strictObject({ kind: z.literal("ditto"), lambda: tunable.default("tuned") }),
  /** Collins et al. 2021: the last layer stays at its node; head first, then the body for `bodyEpochs`. */
  z.strictObject({ kind: z.literal("fedrep"), bodyEpochs: z.number().int().min(1).default(1) }),
]);

/** One scheme, `{ kind: ... }`, or its kind alone where it needs nothing else. */
export const schemeSchema = z.preprocess(
  (value) => (typeof value === "string" ? { kind: value } : value),
  kinds,
);
export type Scheme = z.output<typeof kinds>;
export type SchemeOf<K extends Scheme["kind"]> = Extract<Scheme, { kind: K }>;

/** The name of a scheme in tables, plots and comparisons; it stays the same when a value has been tuned. */
export function schemeLabel(scheme: Scheme, variant = ""): string {
  return `${kindLabel(scheme)}${variant === "" ? "" : `, ${variant}`}`;
}

function kindLabel(scheme: Scheme): string {
  switch (scheme.kind) {
    case "fedavg":
      return "FedAvg";
    case "fine-tuned":
      return "FedAvg fine-tuned";
    case "fixed":
      return `alpha ${scheme.alpha}`;
    case "scei": {
      const base = scheme.base === "personalised" ? ", base personalised" : "";
      return `SCEI ${scheme.strategy}${base}${gridSuffix(scheme.grid)}`;
    }
    case "scei-async":
      return `SCEI-Async${gridSuffix(scheme.grid)}`;
    case "local":
      return "Local";
    case "fedprox":
      return scheme.mu === "tuned" ? "FedProx" : `FedProx mu ${scheme.mu}`;
    case "scaffold":
      return "SCAFFOLD";
    case "apfl":
      return "APFL";
    case "ditto":
      return scheme.lambda === "tuned" ? "Ditto" : `Ditto lambda ${scheme.lambda}`;
    case "fedrep":
      return "FedRep";
  }
}

function gridSuffix(name: keyof typeof GRIDS): string {
  return name === "include-lower" ? ", grid 0..R-1" : "";
}

/** A scheme under its label, which it keeps when `tuned` has become a number. */
export interface NamedScheme {
  readonly label: string;
  readonly scheme: Scheme;
}
