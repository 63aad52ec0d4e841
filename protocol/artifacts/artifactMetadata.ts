import type { Digest, NodeId, TaskId } from "../ids.ts";
import { ZERO_DIGEST } from "../ids.ts";
import { artifactFault } from "./safetensors.ts";
import type { SafetensorsMetadata } from "./safetensors.ts";

/** Names this version of the format in every artifact. */
export const ARTIFACT_FORMAT = "concordat/artifact/1";

/** `global`: an aggregate, or the initial model. `update`: what one node trained in one round. */
export type ArtifactRole = "global" | "update";

/** The privacy budget that a node has spent up to an update, this one included: (epsilon, delta), rounded up. */
export interface SpentBudget {
  /** Millionths of epsilon. */
  readonly epsilonMicro: number;
  /** Millionths of delta. */
  readonly deltaMicro: number;
}

/** What an artifact says about itself. For role `global` nothing depends on leader, attempt or time. */
export interface ArtifactMetadata {
  readonly role: ArtifactRole;
  /** 0 for the initial model, which exists before its task. */
  readonly task: TaskId | 0;
  /** The round that made it, from 1; 0 for the initial model. */
  readonly round: number;
  /** Who trained it; 0 for role `global`. */
  readonly node: NodeId | 0;
  /** Digest of the global model it starts from, w_G of the round before; zero for the initial model. */
  readonly base: Digest;
  /** Only in an update, and only where the task asks for privacy. */
  readonly spent?: SpentBudget;
}

/** What a reader knows of an artifact's metadata beforehand; a given field that differs is an error. */
export type ExpectedMetadata = Partial<Omit<ArtifactMetadata, "spent">>;

/** The metadata of a task's initial model: made by its publisher before the task has a number. */
export const INITIAL_MODEL: ArtifactMetadata = {
  role: "global",
  task: 0,
  round: 0,
  node: 0,
  base: ZERO_DIGEST,
};

/** The longest metadata that an artifact can have, for bounds on its size. */
export const LONGEST_METADATA: ArtifactMetadata = {
  role: "update",
  task: Number.MAX_SAFE_INTEGER as TaskId,
  round: Number.MAX_SAFE_INTEGER,
  node: Number.MAX_SAFE_INTEGER as NodeId,
  base: ZERO_DIGEST,
  spent: { epsilonMicro: Number.MAX_SAFE_INTEGER, deltaMicro: Number.MAX_SAFE_INTEGER },
};

const KEYS = ["base", "format", "node", "role", "round", "task"] as const;
const SPENT_KEYS = ["spentDeltaMicro", "spentEpsilonMicro"] as const;

/**
 * The strings that stand in the file. Each number has one form; the keys of `spent` are absent where there is none.
 * @throws {ArtifactError} when the metadata contradict themselves.
 */
export function writeMetadata(metadata: ArtifactMetadata): SafetensorsMetadata {
  checkConsistency(metadata);
  const { role, task, round, node, base, spent } = metadata;
  return {
    format: ARTIFACT_FORMAT,
    role,
    task: `${task}`,
    round: `${round}`,
    node: `${node}`,
    base,
    ...(spent !== undefined && {
      spentEpsilonMicro: `${spent.epsilonMicro}`,
      spentDeltaMicro: `${spent.deltaMicro}`,
    }),
  };
}

/**
 * Reads metadata that must be in their one form and agree with what is expected.
 * @throws {ArtifactError} with the fault `wrong-metadata`.
 */
export function readMetadata(strings: SafetensorsMetadata, expected: ExpectedMetadata): ArtifactMetadata {
  const metadata = fromStrings(strings);
  checkConsistency(metadata);
  for (const key of ["role", "task", "round", "node", "base"] as const) {
    const value = expected[key];
    if (value !== undefined && value !== metadata[key]) {
      throw artifactFault("wrong-metadata", `The artifact's ${key} is ${metadata[key]}, not ${value}`);
    }
  }
  return metadata;
}

function fromStrings(strings: SafetensorsMetadata): ArtifactMetadata {
  const found = Object.keys(strings).toSorted().join();
  const hasSpent = found === [...KEYS, ...SPENT_KEYS].toSorted().join();
  if (!hasSpent && found !== KEYS.join()) {
    throw artifactFault("wrong-metadata", `The artifact's metadata are not exactly ${KEYS.join(", ")}`);
  }
  const { format, role = "", base = "" } = strings;
  if (format !== ARTIFACT_FORMAT)
    throw artifactFault("wrong-metadata", `The artifact's format is not ${ARTIFACT_FORMAT}`);
  if (role !== "global" && role !== "update")
    throw artifactFault("wrong-metadata", `The artifact's role "${role}" is unknown`);
  if (!/^0x[0-9a-f]{64}$/.test(base))
    throw artifactFault("wrong-metadata", "The artifact's base is not a digest");
  return {
    role,
    task: wholeNumber("task", strings["task"]) as TaskId | 0,
    round: wholeNumber("round", strings["round"]),
    node: wholeNumber("node", strings["node"]) as NodeId | 0,
    base: base as Digest,
    ...(hasSpent && {
      spent: {
        epsilonMicro: wholeNumber("spentEpsilonMicro", strings["spentEpsilonMicro"]),
        deltaMicro: wholeNumber("spentDeltaMicro", strings["spentDeltaMicro"]),
      },
    }),
  };
}

function wholeNumber(key: string, text = ""): number {
  const value = Number(text);
  if (!/^(0|[1-9]\d*)$/.test(text) || !Number.isSafeInteger(value)) {
    throw artifactFault("wrong-metadata", `The artifact's ${key} "${text}" is not a whole number`);
  }
  return value;
}

/** An update names its node, task and round; a global model names no node; only the initial model has task and round 0. */
function checkConsistency({ role, task, round, node, base, spent }: ArtifactMetadata): void {
  const initial = task === 0;
  if (initial !== (round === 0) || (initial && (role === "update" || base !== ZERO_DIGEST))) {
    throw artifactFault("wrong-metadata", "Only an initial model has task 0, and then round 0 and no base");
  }
  if ((role === "global") !== (node === 0)) {
    throw artifactFault("wrong-metadata", "An update names its node, a global model names none");
  }
  if (spent === undefined) return;
  const { epsilonMicro, deltaMicro } = spent;
  if (role === "global")
    throw artifactFault("wrong-metadata", "Only an update says what privacy budget was spent");
  if (![epsilonMicro, deltaMicro].every((value) => Number.isSafeInteger(value) && value >= 0)) {
    throw artifactFault("wrong-metadata", "A spent privacy budget is whole millionths, not negative");
  }
}
