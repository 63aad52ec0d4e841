import { isAddress } from "viem";
import { readTerm } from "@concordat/protocol/terms/readTerm";
import { TERMS, termOf } from "@concordat/protocol/terms/terms";
import type { TermsOfKind } from "@concordat/protocol/terms/terms";
import { number } from "#ui/format.ts";
import { parseAmount } from "#ui/parseAmount.ts";
import { FIELD_TERMS } from "./draft.ts";
import type { Draft, DraftFaults } from "./draft.ts";
import { draftDataset } from "./draftDataset.ts";
import { draftTopology } from "./draftModel.ts";
import { draftNumber } from "./draftNumber.ts";
import type { NumericField } from "./draftNumber.ts";
import { privacyFaults, privacyFields } from "./draftPrivacy.ts";

/** Digits after the point of the tokens, as far as they are known. */
export interface Decimals {
  readonly reward: number | undefined;
  readonly stake: number | undefined;
}

/** What cannot be read as what it should be; whether the terms make sense together, `validateTerms` tells. */
export function draftFaults(draft: Draft, decimals: Decimals): DraftFaults {
  return {
    ...textFaults(draft),
    ...numberFaults(draft),
    ...moneyFaults(draft, decimals),
    ...dataFaults(draft),
  };
}

function textFaults({ name, description }: Draft): DraftFaults {
  const [maxName, maxDescription] = [TERMS.name.most, TERMS.description.most];
  return {
    ...(name.trim().length < TERMS.name.least && { name: "Give the task a name" }),
    ...(name.trim().length > maxName && { name: `Use at most ${number(maxName)} characters` }),
    ...(description.trim().length > maxDescription && {
      description: `Use at most ${number(maxDescription)} characters`,
    }),
  };
}

function numberFaults(draft: Draft): DraftFaults {
  const asked = NUMERIC_FIELDS.filter((name) => isAsked(draft, name));
  return Object.fromEntries(
    asked.flatMap((name) => {
      const { fault } = readTerm(TERMS[name], draft[name], termOf(name).field?.unit);
      return fault === undefined ? [] : [[name, fault]];
    }),
  );
}

const NUMERIC_FIELDS = FIELD_TERMS.filter((name): name is NumericField =>
  ["count", "seconds", "moment", "ratio", "score", "number"].includes(TERMS[name].kind),
);

/** Whether a draft's other fields ask for this one at all. What depends on data and privacy is looked at with them. */
function isAsked(draft: Draft, name: NumericField): boolean {
  const { group, field } = termOf(name);
  if (name === "keepBps") return draft.compression.startsWith("top-k");
  if (name === "records") return privacyFields(draft).length > 0;
  if (group === "privacy" || TARGETS.has(name)) return false;
  return field?.shareOfAggregation === undefined || draft[name].trim() !== "";
}

const TARGETS: ReadonlySet<NumericField> = new Set(["targetScore", "targetError", "maeScale"]);

function moneyFaults(draft: Draft, decimals: Decimals): DraftFaults {
  const faults: DraftFaults = {};
  const amount = (field: TermsOfKind<"amount">, digits: number | undefined): void => {
    const read = parseAmount(draft[field], digits ?? 18);
    if (typeof read === "string") faults[field] = read;
    else if (read > TERMS[field].most) faults[field] = "This is more than a token can have";
  };
  amount("rewardUnit", decimals.reward);
  amount("minStake", decimals.stake);
  amount("slashBounty", decimals.stake);
  if (Number(draft.rewardUnit) > 0) {
    if (!isAddress(draft.rewardToken)) faults.rewardToken = "Name the token’s contract";
  }
  if (Number(draft.minStake) > 0) {
    if (!isAddress(draft.stakeToken)) faults.stakeToken = "Name the token’s contract";
  }
  for (const field of ["arbiter", "slashRecipient"] as const) {
    if (draft[field] !== "" && !isAddress(draft[field])) faults[field] = "This is not an address";
  }
  return faults;
}

/** What is wrong with the data, and with what depends on it. */
function dataFaults(draft: Draft): DraftFaults {
  const { terms, faults } = draftDataset(draft);
  if (faults !== undefined) return faults;
  const { topology, fault } = draftTopology(draft, terms);
  if (fault !== undefined) return { model: fault };
  return { ...targetFaults(draft, terms.classes), ...privacyFaults(draft, terms, topology) };
}

function targetFaults(draft: Draft, classes: number): DraftFaults {
  const fault = (name: NumericField): DraftFaults => {
    const read = readTerm(TERMS[name], draft[name], termOf(name).field?.unit);
    return read.fault === undefined ? {} : { [name]: read.fault };
  };
  if (classes > 1) return fault("targetScore");
  const faults = { ...fault("maeScale"), ...fault("targetError") };
  const score = Math.round(draftNumber(draft, "targetError") * draftNumber(draft, "maeScale"));
  return score > TERMS.targetScore.most
    ? { targetError: `Times the scale this is above ${number(TERMS.targetScore.most)}, the greatest score` }
    : faults;
}
