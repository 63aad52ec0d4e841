import type { Command } from "commander";
import { InputError } from "@concordat/protocol/errors";
import { privacySchema, type PrivacyTerms } from "@concordat/protocol/manifest/privacyTerms";
import { calibratedNoise, type NoisePlan } from "@concordat/learning/privacy/taskPrivacy";
import { addTerms, flagOf } from "./termOption.ts";

export interface PrivacyOptions {
  readonly privacy: PrivacyTerms["kind"];
  readonly clip?: number;
  readonly noiseMultiplier?: number;
  readonly epsilon?: number;
  readonly delta?: number;
  readonly records?: number;
}

/** What the budget of a whole task depends on besides its privacy terms. */
export interface PrivacyPlan extends NoisePlan {
  readonly maxSamples: number;
}

/** Adds the options that say how updates are made private. */
export function privacyOptions(command: Command): Command {
  return addTerms(command, ["privacy", ...TAKES["dp-sgd"]]);
}

/**
 * The privacy terms that the options ask for.
 * @throws {InputError} naming the option that is missing, says nothing, or is bad, with the reason.
 */
export function privacyTerms(options: PrivacyOptions, plan: PrivacyPlan): PrivacyTerms {
  const { privacy: kind, clip, noiseMultiplier: noise, epsilon, delta = 1e-5 } = options;
  refuseUnused(options);
  switch (kind) {
    case "none":
      return { kind };
    case "dp-sgd":
    case "gaussian-update": {
      if ((noise === undefined) === (epsilon === undefined)) {
        throw new InputError(`--privacy ${kind} needs either --noise or --epsilon`, {
          hint: "--epsilon finds the noise that keeps the whole task within it",
        });
      }
      const base = checked({ kind, clip: needed("--clip", kind, clip), noiseMultiplier: noise ?? 1, delta });
      return epsilon === undefined
        ? base
        : checked({ ...base, noiseMultiplier: calibrated(options, epsilon, delta, plan) });
    }
    case "laplace-gradient":
      return checked({
        kind,
        clip: needed("--clip", kind, clip),
        epsilon: needed("--epsilon", kind, epsilon),
        delta,
      });
    case "laplace-features":
      return checked({ kind, epsilon: needed("--epsilon", kind, epsilon), delta });
  }
}

function calibrated(
  { privacy, records }: PrivacyOptions,
  epsilon: number,
  delta: number,
  plan: PrivacyPlan,
): number {
  checked({ kind: "laplace-features", epsilon, delta });
  if (privacy === "gaussian-update") return calibratedNoise(privacy, { epsilon, delta }, plan, 1);
  const least = needed("--records", privacy, records);
  if (least > plan.maxSamples) {
    throw new InputError(`--records ${least} is above --max-samples ${plan.maxSamples}`, {
      hint: "Lower one of them",
    });
  }
  return calibratedNoise("dp-sgd", { epsilon, delta }, plan, least);
}

function checked<T extends PrivacyTerms>(terms: T): T {
  const result = privacySchema.safeParse(terms);
  if (result.success) return terms;
  const issue = result.error.issues[0];
  throw new InputError(`--privacy ${terms.kind}: ${issue?.message ?? "invalid"}`, {
    hint: "Correct the option",
  });
}

function needed<T>(option: string, kind: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw new InputError(`--privacy ${kind} needs ${option}`, { hint: `Give ${option}` });
}

/** Which options each kind takes; any other would be believed to do something. */
const TAKES: Readonly<Record<PrivacyTerms["kind"], readonly Exclude<keyof PrivacyOptions, "privacy">[]>> = {
  none: [],
  "dp-sgd": ["clip", "noiseMultiplier", "epsilon", "delta", "records"],
  "gaussian-update": ["clip", "noiseMultiplier", "epsilon", "delta"],
  "laplace-gradient": ["clip", "epsilon", "delta"],
  "laplace-features": ["epsilon", "delta"],
};

function refuseUnused(options: PrivacyOptions): void {
  const all = TAKES["dp-sgd"];
  const unused = all.find((key) => options[key] !== undefined && !TAKES[options.privacy].includes(key));
  if (unused === undefined) return;
  throw new InputError(`${flagOf(unused)} has no effect with --privacy ${options.privacy}`, {
    hint: options.privacy === "none" ? "Choose a kind with --privacy" : "Leave it out",
  });
}
