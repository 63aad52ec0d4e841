import type { ReactElement, ReactNode } from "react";
import type { Hex } from "viem";
import { aggregationRuleName } from "../../../../protocol/aggregationRule.ts";
import { AlphaGrid, ElectionMode, Strategy, TrainingBase } from "../../../../protocol/enums.ts";
import type { TaskManifest } from "../../../../protocol/manifest.ts";
import { memberReserve } from "../../../../protocol/rules/rewardSchedule.ts";
import { quorumOf } from "../../../../protocol/rules/quorum.ts";
import { useFederationState } from "../../chain/useFederation.ts";
import { useToken } from "../../chain/useToken.ts";
import { Account, Hash } from "../../ui/Account.tsx";
import { amount, bytes, count, date, duration, number, percent, ratio } from "../../ui/format.ts";
import { Card } from "../../ui/parts.tsx";
import { ContractsCard } from "../../trust/ContractsCard.tsx";
import { scoreWords } from "./scoreWords.ts";
import type { TaskRecord } from "../../../../protocol/history/world.ts";

const RULE_WORDS = {
  fedavg: "FedAvg: the mean of all updates, weighted by their samples. It bears no faulty update.",
  median: "the median of each weight",
  trimmedMean: "the mean of each weight without the greatest and the least values",
  krum: "Krum: the one update that lies closest to its neighbours",
  multiKrum: "Multi-Krum: the mean of the updates that lie closest to their neighbours",
} as const;

const PRIVACY_WORDS: Readonly<Record<TaskManifest["privacy"]["kind"], string>> = {
  none: "none: whoever fetches an update can try to learn about the records behind it",
  "dp-sgd":
    "DP-SGD: each record’s gradient is clipped and noised; the node reports what privacy it has spent",
  "gaussian-update": "noise on the whole update; the node reports what privacy it has spent",
  "laplace-gradient": "Laplace noise on clipped gradients (paper 3): its epsilon is nominal",
  "laplace-features": "Laplace noise on the records’ features (paper 2): its epsilon is nominal",
};

const PRIVACY_NUMBERS: Readonly<Record<string, string>> = {
  clip: "clipping norm",
  noiseMultiplier: "noise in multiples of it",
};

/** The task's rules in plain words. Joining is consent to them; nobody can change them. */
export function TermsTab({
  task,
  manifest,
}: {
  /** A task, or what will be one. */
  readonly task: Pick<TaskRecord, "terms" | "active" | "hardEnd" | "escrow" | "escrowLeft">;
  readonly manifest: TaskManifest | undefined;
}): ReactElement {
  const { terms } = task;
  const { sync } = useFederationState();
  const rewardToken = useToken(terms.rewardToken as Hex);
  const stakeToken = useToken(terms.stakeToken as Hex);
  const rule = aggregationRuleName(terms.aggregationRule);
  const most = memberReserve(terms, terms.rounds);
  return (
    <div className="stack" data-head={sync.syncedTo}>
      <Card title="What is trained">
        <Terms
          rows={[
            [
              "Model",
              manifest === undefined ? "unknown until the manifest can be fetched" : modelWords(manifest),
            ],
            [
              "Data",
              manifest === undefined ? "unknown until the manifest can be fetched" : dataWords(manifest),
            ],
            [
              "Training",
              manifest === undefined ? "unknown until the manifest can be fetched" : trainingWords(manifest),
            ],
            [
              "Scores",
              manifest === undefined
                ? "unknown until the manifest can be fetched"
                : evaluationWords(manifest),
            ],
            [
              "Updates are sent",
              manifest === undefined
                ? "unknown until the manifest can be fetched"
                : compressionWords(manifest),
            ],
            [
              "Starts each round from",
              terms.trainingBase === TrainingBase.Global
                ? "the global model"
                : "each node’s personalised model",
            ],
            [
              "Rounds",
              `at most ${number(terms.rounds)}; none starts after ${date(terms.timeLimit)}${terms.targetScore > 0 ? `, and the task ends once the mean reaches ${scoreWords(terms, terms.targetScore)}` : ""}`,
            ],
            ["Manifest", <Hash key="manifest" value={terms.manifestDigest} />],
            ["Initial model", <Hash key="initial" value={terms.initialModelDigest} />],
          ]}
        />
      </Card>
      <Card title="Who may join, and what it asks">
        <Terms
          rows={[
            [
              "May start",
              `from ${date(terms.startTime)} on, once ${count(terms.minNodes, "node has", "nodes have")} joined`,
            ],
            [
              "Nodes",
              `any admitted node; at least ${number(terms.minNodes)} and at most ${number(terms.maxNodes)} at a time`,
            ],
            [
              "Stake",
              terms.minStake === 0n ? "none" : `${amount(terms.minStake, stakeToken)} must be bonded to join`,
            ],
            ["Samples", `at most ${number(terms.maxSamples)} count for a node’s weight`],
            [
              "Time in a round",
              `${duration(terms.trainingSeconds)} to train, ${duration(terms.aggregationSeconds)} to aggregate, ${duration(terms.negotiationSeconds)} to score; phases end early when everyone has acted`,
            ],
            [
              "Quorum",
              `${percent(terms.quorumBps)} of the active nodes (${quorumOf(terms.quorumBps, Math.max(task.active.length, terms.minNodes))} now); with fewer a round is void`,
            ],
          ]}
        />
      </Card>
      <ContractsCard terms={terms} />
      <Card title="What it pays">
        <Terms
          rows={[
            [
              "Reward",
              terms.rewardUnit === 0n
                ? "nothing"
                : `an accepted update earns ${amount(terms.rewardUnit, rewardToken)} for each point of the node’s reputation`,
            ],
            [
              "Reputation",
              `starts at ${number(terms.reputationInitial)}, at most ${number(terms.reputationMax)}; one more for an accepted update, one less for a rejected one, to nothing when it falls below the start; a rejected node below the start ${terms.strictReputation ? "stays where it is" : "climbs by one"}`,
            ],
            [
              "Being late or silent",
              terms.penaliseSilent || terms.penaliseUnavailable
                ? "costs reputation here"
                : "costs no reputation",
            ],
            ["Most one node can earn", most === 0n ? "nothing" : amount(most, rewardToken)],
            [
              "In escrow",
              task.escrow === 0n
                ? "nothing"
                : `${amount(task.escrow, rewardToken)}: the worst case was paid in at publication${task.escrowLeft < task.escrow ? `; ${amount(task.escrowLeft, rewardToken)} of it are left` : ""}`,
            ],
          ]}
        />
      </Card>
      <Card title="What you expose">
        <Terms
          rows={[
            [
              "Your data",
              "stays on your node. What leaves it is the model update of each round, which every node of the task can fetch",
            ],
            [
              "Protection of updates",
              manifest === undefined ? "unknown until the manifest can be fetched" : privacyWords(manifest),
            ],
            [
              "On the chain, for ever",
              "that your node took part, how many samples it counted, its scores, its reputation and its rewards",
            ],
            [
              "What you could lose",
              terms.minStake === 0n
                ? "nothing: no stake is asked for"
                : `up to your whole stake, if the arbiter finds a breach until ${duration(terms.disputeWindowSeconds)} after the task’s last possible end, ${date(task.hardEnd)}`,
            ],
            ["Arbiter", <Account key="arbiter" address={terms.arbiter} />],
            ...(terms.minStake === 0n
              ? []
              : [["Slashed stake goes to", <Account key="slash" address={terms.slashRecipient} />] as const]),
            ...(terms.slashBounty === 0n
              ? []
              : [
                  [
                    "Bounty",
                    `at most ${amount(terms.slashBounty, stakeToken)} of it goes to whoever proved the fault`,
                  ] as const,
                ]),
          ]}
        />
      </Card>
      <Card title="How decisions are made">
        <Terms
          rows={[
            [
              "Aggregation",
              `${RULE_WORDS[rule]}${terms.byzantineBound > 0 ? `; up to ${count(terms.byzantineBound, "faulty update")} are borne` : ""}`,
            ],
            [
              "Leader and committee",
              `${terms.electionMode === ElectionMode.ModelHash ? "elected by the previous model’s digest" : "elected by the previous model’s digest and the hash of a later block"}; the committee is ${percent(terms.gammaBps)} of the nodes and the leader, at least four`,
            ],
            [
              "Alpha",
              `${terms.negotiationSteps} candidates from ${ratio(terms.alphaLowerBps)} to ${ratio(terms.alphaUpperBps)} (${terms.alphaGrid === AlphaGrid.IncludeUpper ? "the upper end included" : "the lower end included"}); ${terms.strategy === Strategy.ArgmaxMean ? "the best mean wins" : "the least variance wins"}; ${ratio(terms.initialAlphaBps)} before the first choice`,
            ],
            [
              "Within the aggregation",
              `updates are fetched for ${duration(terms.fetchSeconds)} and omitted ones handed over for ${duration(terms.objectionSeconds)}; each ${duration(terms.slotSeconds)} one more member may propose`,
            ],
            [
              "If things go wrong",
              `${count(terms.maxAttempts, "committee")} may try in a round, and ${count(terms.maxVoidRounds, "void round")} in a row end the task with a refund`,
            ],
            ["Largest artifact", bytes(terms.maxArtifactBytes)],
          ]}
        />
      </Card>
    </div>
  );
}

function Terms({
  rows,
}: {
  readonly rows: readonly (readonly [name: string, value: ReactNode])[];
}): ReactElement {
  return (
    <dl className="terms">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function modelWords({ model }: TaskManifest): string {
  const weights = model.tensors.reduce((sum, { shape }) => sum + shape.reduce((n, d) => n * d, 1), 0);
  return `${count(weights, "weight")} in ${count(model.tensors.length, "tensor")}`;
}

function dataWords({ dataset }: TaskManifest): string {
  const shape = dataset.inputShape.join(" × ");
  return `${dataset.name}: records of ${shape} values, ${dataset.classes === 1 ? "one number to predict" : count(dataset.classes, "class", "classes")}`;
}

function evaluationWords({ evaluation }: TaskManifest): string {
  return evaluation.metric === "accuracy"
    ? "accuracy on each node’s validation records"
    : `mean absolute error on each node’s validation records, times ${number(evaluation.scale)}; lower is better`;
}

function compressionWords({ compression }: TaskManifest): string {
  switch (compression.kind) {
    case "none":
      return "whole: every weight as it is";
    case "quantised":
      return "as changes in 8 bits each";
    case "top-k":
      return `as the greatest ${percent(compression.keepBps)} of the changes; the rest waits for later rounds`;
    case "top-k-quantised":
      return `as the greatest ${percent(compression.keepBps)} of the changes, in 8 bits; the rest waits for later rounds`;
  }
}

function privacyWords({ privacy }: TaskManifest): string {
  const { kind, ...numbers } = privacy;
  const named = Object.entries(numbers).map(([name, value]) => `${PRIVACY_NUMBERS[name] ?? name} ${value}`);
  return named.length === 0 ? PRIVACY_WORDS[kind] : `${PRIVACY_WORDS[kind]} (${named.join(", ")})`;
}

function trainingWords({ training }: TaskManifest): string {
  return `${count(training.localEpochs, "pass", "passes")} over a node’s own records in batches of ${number(training.batchSize)}, learning rate ${training.learningRate}, momentum ${training.momentum}`;
}
