import { availableParallelism } from "node:os";
import { parseUnits } from "ethers";
import { minimumUpdates } from "@concordat/protocol/rules/aggregationRule";
import { InputError } from "@concordat/protocol/errors";
import type { Address, Bps } from "@concordat/protocol/ids";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { elementCount } from "@concordat/protocol/artifacts/tensors";
import type { TermsSettings } from "@concordat/protocol/terms/termsSettings";
import type { DemoOptions } from "./demoOptions.ts";

/** What each node stakes, and what an accepted update earns for each point of reputation. */
export const STAKE = parseUnits("100", 18);
const REWARD_UNIT = parseUnits("0.1", 18);

const QUORUM = 6700 as Bps;
const MINUTE = 60;
const DAY = 86_400;
/** Classes of a node, as in paper 1, and the training images of its validation split, by class. */
export const CLASSES_PER_NODE = 4;
export const VALIDATION_PER_CLASS = 50;
/** Seconds for a multiplication of a training step at worst, found on slow machines; only deadlines depend on it. */
const SECONDS_PER_MULTIPLICATION = 4e-9;
/** Least seconds of a phase: the machine may be busy, and phases end early. */
const LEAST_SECONDS = 2 * MINUTE;

/**
 * The rules of the demonstration's task. Phases end early when all nodes have acted, so their lengths only matter when
 * something fails: they are many times what the work should take on this machine, with all nodes on it.
 */
export function demoTerms(
  options: DemoOptions,
  manifest: TaskManifest,
  publisher: Address,
  token: Address,
): TermsSettings {
  const training = LEAST_SECONDS + Math.ceil(5 * trainingSeconds(options, manifest));
  const aggregation = LEAST_SECONDS + 2 * options.nodes;
  const round = training + aggregation + training;
  return {
    rounds: options.rounds,
    minNodes: options.nodes,
    maxNodes: options.nodes,
    strategy: options.strategy,
    trainingBase: options.trainingBase,
    electionMode: options.electionMode,
    alphaGrid: "include-upper",
    negotiationSteps: 10,
    alphaLowerBps: 5000 as Bps,
    alphaUpperBps: 8000 as Bps,
    initialAlphaBps: 5000 as Bps,
    gammaBps: 3000 as Bps,
    quorumBps: QUORUM,
    aggregationRule: options.aggregationRule,
    byzantineBound: options.byzantineBound,
    maxSamples: CLASSES_PER_NODE * options.trainPerClass,
    targetScore: 0,
    startTime: 1,
    timeLimit: Math.min(MINUTE + options.rounds * round, 30 * DAY),
    trainingSeconds: training,
    // Members fetch every update, from nodes that share this machine.
    fetchSeconds: 40 + options.nodes,
    objectionSeconds: 20,
    aggregationSeconds: aggregation,
    negotiationSeconds: training,
    slotSeconds: 20 + options.nodes,
    disputeWindowSeconds: 10 * MINUTE,
    maxAttempts: 3,
    maxVoidRounds: 3,
    reputationInitial: 5,
    reputationMax: 100,
    strictReputation: false,
    penaliseUnavailable: false,
    penaliseSilent: false,
    rewardToken: token,
    rewardUnit: REWARD_UNIT,
    stakeToken: token,
    minStake: STAKE,
    arbiter: publisher,
    slashRecipient: publisher,
    slashBounty: 0n,
  };
}

/** Seconds of one round's training if all nodes train at once on this machine, at worst. */
function trainingSeconds(options: DemoOptions, { model, dataset, training }: TaskManifest): number {
  const [height = 1, width = 1] = dataset.inputShape;
  const multiplications = model.tensors.reduce((sum, { shape }) => {
    const isConvolution = shape.length === 4;
    return sum + elementCount(shape) * (isConvolution ? height * width : 1);
  }, 0);
  const samples = CLASSES_PER_NODE * options.trainPerClass * training.localEpochs;
  const crowding = Math.max(1, (2 * options.nodes) / availableParallelism());
  return 3 * multiplications * samples * SECONDS_PER_MULTIPLICATION * crowding;
}

/**
 * The contract would refuse these terms; here the options that can be changed are named.
 * @throws {InputError} when too few nodes stand against `--f`.
 */
export function checkRule({ aggregationRule: rule, byzantineBound: f, nodes }: DemoOptions): void {
  const guaranteed = Math.ceil((QUORUM * nodes) / 10_000);
  const required = minimumUpdates(rule, f);
  if (guaranteed >= required) return;
  throw new InputError(
    `${rule} with --f ${f} needs ${required} updates, but ${nodes} nodes guarantee only ${guaranteed}`,
    {
      hint: `Give --nodes ${Math.ceil((required * 10_000) / QUORUM)} or more, or a smaller --f`,
    },
  );
}
