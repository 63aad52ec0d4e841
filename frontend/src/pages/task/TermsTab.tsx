import type { ReactElement, ReactNode } from "react";
import type { Hex } from "viem";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { memberReserve } from "@concordat/protocol/rules/rewardSchedule";
import { quorumOf } from "@concordat/protocol/rules/quorum";
import { TERM_GROUPS } from "@concordat/protocol/terms/groups";
import type { TermGroup } from "@concordat/protocol/terms/term";
import { termRows } from "@concordat/protocol/terms/termRows";
import type { TermRow } from "@concordat/protocol/terms/termRows";
import { useFederationState } from "#chain/useFederation.ts";
import { useToken } from "#chain/useToken.ts";
import { Account, Hash } from "#ui/Account.tsx";
import { amount, bytes, count, date, duration, number, percent, ratio } from "#ui/format.ts";
import { Card } from "#ui/parts.tsx";
import { ContractsCard } from "#trust/ContractsCard.tsx";
import type { TaskRecord } from "@concordat/protocol/history/federationState";

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
  const said = termRows(terms, {
    number,
    duration,
    moment: date,
    percent,
    ratio,
    bytes,
    amount: (value, token) => amount(value, token === "rewardToken" ? rewardToken : stakeToken),
  });
  /** The terms of a group, but for the contracts, which stand on a card of their own. */
  const rowsOf = (group: TermGroup): readonly Row[] =>
    said
      .filter((row) => row.group === group && !CONTRACTS.has(row.name))
      .map((row) => [row.label, <TermValue key={row.name} row={row} />]);
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
            ...rowsOf("contracts"),
          ]}
        />
      </Card>
      <Card title={TERM_GROUPS.clock}>
        <Terms rows={rowsOf("clock")} />
      </Card>
      <Card title={TERM_GROUPS.negotiation}>
        <Terms rows={rowsOf("negotiation")} />
      </Card>
      <Card title={TERM_GROUPS.committee}>
        <Terms
          rows={[
            ...rowsOf("committee"),
            [
              "Quorum now",
              count(quorumOf(terms.quorumBps, Math.max(task.active.length, terms.minNodes)), "node"),
            ],
          ]}
        />
      </Card>
      <ContractsCard terms={terms} />
      <Card title={TERM_GROUPS.reward}>
        <Terms
          rows={[
            ...rowsOf("reward"),
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
          ]}
        />
      </Card>
    </div>
  );
}

type Row = readonly [name: string, value: ReactNode];

/** What is compared with the address book, on a card of its own. */
const CONTRACTS: ReadonlySet<string> = new Set([
  "coordinator",
  "stakeVault",
  "rewardLedger",
  "rewardToken",
  "stakeToken",
]);

/** A term with what it does. */
function TermValue({ row: { kind, value, sentence } }: { readonly row: TermRow }): ReactElement {
  return (
    <>
      {kind === "digest" ? <Hash value={value} /> : kind === "account" ? <Account address={value} /> : value}
      <div className="field-hint">{sentence}</div>
    </>
  );
}

function Terms({ rows }: { readonly rows: readonly Row[] }): ReactElement {
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
