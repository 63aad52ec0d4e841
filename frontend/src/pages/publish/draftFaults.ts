import { isAddress } from "viem";
import { MANIFEST_LIMITS } from "../../../../protocol/manifest.ts";
import { number } from "../../ui/format.ts";
import { parseAmount } from "../../ui/parseAmount.ts";
import type { Draft, DraftFaults } from "./draft.ts";
import { draftDataset } from "./draftDataset.ts";
import { draftTopology } from "./draftModel.ts";
import { privacyFaults, privacyFields } from "./draftPrivacy.ts";
import { readNumber } from "./readNumber.ts";

/** Digits after the point of the tokens, as far as they are known. */
export interface Decimals {
  readonly reward: number | undefined;
  readonly stake: number | undefined;
}

/** Whole numbers, with their least and greatest value where the contract does not say it. */
const WHOLE: readonly (readonly [field: keyof Draft, least: number, most: number])[] = [
  ["localEpochs", 1, MANIFEST_LIMITS.maxEpochs],
  ["batchSize", 1, MANIFEST_LIMITS.maxBatchSize],
  ["seed", 0, MANIFEST_LIMITS.maxSeed],
  ["rounds", 1, 100_000],
  ["attempts", 1, 64],
  ["voids", 1, 255],
  ["steps", 1, 16],
  ["minNodes", 1, 1024],
  ["maxNodes", 1, 1024],
  ["byzantineBound", 0, 511],
  ["maxSamples", 1, 0xffff_ffff],
  ["reputationInitial", 0, 1_000_000],
  ["reputationMax", 1, 1_000_000],
];

const ABOVE_0 = [
  "learningRate",
  "hours",
  "trainingMinutes",
  "aggregationMinutes",
  "negotiationMinutes",
] as const;

const FROM_0 = ["momentum", "startMinutes", "disputeHours"] as const;

const OPTIONAL_MINUTES = ["fetchMinutes", "objectionMinutes", "slotMinutes"] as const;

const UP_TO_1 = ["alphaLower", "alphaUpper", "initialAlpha"] as const;

const PERCENT = ["quorum", "gamma"] as const;

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
  const { maxNameLength, maxDescriptionLength } = MANIFEST_LIMITS;
  return {
    ...(name.trim() === "" && { name: "Give the task a name" }),
    ...(name.trim().length > maxNameLength && { name: `Use at most ${number(maxNameLength)} characters` }),
    ...(description.trim().length > maxDescriptionLength && {
      description: `Use at most ${number(maxDescriptionLength)} characters`,
    }),
  };
}

function numberFaults(draft: Draft): DraftFaults {
  const faults: DraftFaults = {};
  const between = (field: keyof Draft, least: number, most: number): void => {
    const value = readNumber(draft[field]);
    if (value === undefined || value < least || value > most) {
      faults[field] = `Give a number from ${number(least)} to ${number(most)}`;
    }
  };
  const whole = (field: keyof Draft, least: number, most: number): void => {
    const value = /^\d+$/.test(draft[field].trim()) ? Number(draft[field]) : -1;
    if (value < least || value > most)
      faults[field] = `Give a whole number from ${number(least)} to ${number(most)}`;
  };
  for (const [field, least, most] of WHOLE) whole(field, least, most);
  for (const field of ABOVE_0) {
    if (!((readNumber(draft[field]) ?? 0) > 0)) faults[field] = "Give a number above 0, such as 0.5";
  }
  for (const field of FROM_0) {
    if (readNumber(draft[field]) === undefined) faults[field] = "Give 0 or more, such as 0.5";
  }
  for (const field of OPTIONAL_MINUTES) {
    if (draft[field].trim() !== "" && readNumber(draft[field]) === undefined) {
      faults[field] = "Give a number, or leave it empty";
    }
  }
  for (const field of UP_TO_1) between(field, 0, 1);
  for (const field of PERCENT) between(field, 0, 100);
  if (Number(draft.learningRate) > MANIFEST_LIMITS.maxLearningRate) {
    faults.learningRate = `Give at most ${MANIFEST_LIMITS.maxLearningRate}`;
  }
  if (Number(draft.momentum) >= 1) faults.momentum = "Give 0 or more, and less than 1";
  if (draft.compression.startsWith("top-k")) between("keep", 0.01, 100);
  if (privacyFields(draft).length > 0) whole("records", 1, 0xffff_ffff);
  return faults;
}

/** Amounts of a task are kept in 128 bits. */
const MOST_UNITS = 2n ** 128n - 1n;

function moneyFaults(draft: Draft, decimals: Decimals): DraftFaults {
  const faults: DraftFaults = {};
  const amount = (field: keyof Draft, digits: number | undefined): void => {
    const read = parseAmount(draft[field], digits ?? 18);
    if (typeof read === "string") faults[field] = read;
    else if (read > MOST_UNITS) faults[field] = "This is more than a token can have";
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

/** Greatest score that an error can have. */
const MAX_ERROR_SCORE = 0xffff;

function targetFaults({ targetScore, targetError, maeScale }: Draft, classes: number): DraftFaults {
  if (classes > 1) {
    const target = readNumber(targetScore);
    return target === undefined || target > 100 ? { targetScore: "Give a number from 0 to 100" } : {};
  }
  const [error, scale] = [readNumber(targetError), readNumber(maeScale)];
  if (scale === undefined || scale <= 0 || scale > 1e9)
    return { maeScale: "Give a number above 0, at most 1,000,000,000" };
  if (error === undefined) return { targetError: "Give 0 or more, such as 0.5" };
  return Math.round(error * scale) > MAX_ERROR_SCORE
    ? { targetError: `Times the scale this is above ${number(MAX_ERROR_SCORE)}, the greatest score` }
    : {};
}
