import type { ReactElement } from "react";
import { AGGREGATION_RULES } from "../../../../protocol/aggregationRule.ts";
import { OFFICIAL_DATASETS } from "../../../../protocol/datasetTerms.ts";
import { Notice } from "../../ui/parts.tsx";
import { SelectField, TextField } from "../../ui/Field.tsx";
import type { Draft } from "./draft.ts";
import type { DraftFaults } from "./draftTerms.ts";

interface Props {
  readonly step: number;
  readonly draft: Draft;
  readonly faults: DraftFaults;
  readonly change: (part: Partial<Draft>) => void;
}

type TextName = Exclude<keyof Draft, "dataset" | "strategy" | "base" | "election" | "rule" | "privacy">;

const MODELS = [
  ["mlp", "MLP: two hidden layers of 200"],
  ["cnn", "CNN: two 5 × 5 convolutions and 512 units (images)"],
  ["lenet", "LeNet: the small one for colour images"],
  ["har-cnn", "CNN along time (sensor windows)"],
] as const;

/** The fields of one step. */
export function StepFields({ step, draft, faults, change }: Props): ReactElement {
  const text = (name: TextName, label: string, hint?: string): ReactElement => (
    <TextField
      label={label}
      hint={hint}
      value={draft[name]}
      error={faults[name]}
      inputMode={/name|description|Token|arbiter|Recipient/i.test(name) ? "text" : "decimal"}
      onChange={({ target }) => change({ [name]: target.value })}
    />
  );
  switch (step) {
    case 0:
      return (
        <div className="grid-2">
          {text("name", "Name")}
          {text("description", "Description", "What it is for; anyone can read it.")}
          <SelectField
            label="Data"
            value={draft.dataset}
            options={OFFICIAL_DATASETS.map((name) => [name, name] as const)}
            hint="For data of your own (folders of images, tables) publish with the command line, which reads an example."
            onChange={(dataset) => change({ dataset })}
          />
          <SelectField
            label="Model"
            value={
              MODELS.some(([name]) => name === draft.model)
                ? (draft.model as (typeof MODELS)[number][0])
                : "mlp"
            }
            options={MODELS}
            onChange={(model) => change({ model })}
          />
          {text("seed", "Seed", "Gives the initial model and every shuffle.")}
        </div>
      );
    case 1:
      return (
        <div className="grid-2">
          {text("rounds", "Rounds (T)")}
          {text("hours", "Hours until no further round starts")}
          {text("localEpochs", "Local passes a round (E)")}
          {text("batchSize", "Batch size (B)")}
          {text("learningRate", "Learning rate")}
          {text("momentum", "Momentum")}
          {text("trainingMinutes", "Minutes to train, at most", "Phases end early when all have acted.")}
          {text("aggregationMinutes", "Minutes to aggregate, at most")}
          {text("negotiationMinutes", "Minutes to score, at most")}
        </div>
      );
    case 2:
      return (
        <div className="grid-2">
          <SelectField
            label="Alpha is chosen by"
            value={draft.strategy}
            options={[
              ["argmax-mean", "the best mean (strategy A)"],
              ["min-variance", "the least variance (strategy B)"],
            ]}
            hint="The best mean serves most nodes; the least variance treats them alike."
            onChange={(strategy) => change({ strategy })}
          />
          <SelectField
            label="Each round trains from"
            value={draft.base}
            options={[
              ["global", "the global model"],
              ["personalised", "each node’s personalised model"],
            ]}
            onChange={(base) => change({ base })}
          />
          {text("steps", "Candidates of alpha (R)", "1 to 16")}
          {text("alphaLower", "Lowest alpha", "0: the global model alone")}
          {text("alphaUpper", "Highest alpha", "1: the node’s own model alone")}
          {text("initialAlpha", "Alpha before the first choice")}
          {text("targetScore", "Mean accuracy that ends the task, %", "0 for none")}
        </div>
      );
    case 3:
      return (
        <div className="grid-2">
          {text("minNodes", "Nodes at least")}
          {text("maxNodes", "Nodes at most")}
          {text("quorum", "Quorum, % of the active nodes")}
          {text("gamma", "Committee, % of the nodes")}
          <SelectField
            label="Election"
            value={draft.election}
            options={[
              ["mixed", "previous model and a later block’s hash"],
              ["hash", "previous model alone (paper 1)"],
            ]}
            hint="With the model alone, who makes the last aggregate can grind who leads next."
            onChange={(election) => change({ election })}
          />
          <SelectField
            label="Aggregation rule"
            value={draft.rule}
            options={AGGREGATION_RULES.map((rule) => [rule, rule] as const)}
            onChange={(rule) => change({ rule })}
          />
          {text(
            "byzantineBound",
            "Faulty updates to bear (f)",
            "Krum rules need 2f + 3 updates, the trimmed mean 2f + 1.",
          )}
          {text("maxSamples", "Samples that count for one node at most")}
        </div>
      );
    case 4:
      return (
        <>
          <Notice>
            <p>
              Records never leave the nodes. Their updates do, and can tell something about the records behind
              them.
            </p>
          </Notice>
          <div className="grid-2">
            <SelectField
              label="Protection of updates"
              value={draft.privacy}
              options={[
                ["none", "none"],
                ["dp-sgd", "DP-SGD: each record’s gradient clipped and noised"],
                ["gaussian-update", "noise on the whole update"],
              ]}
              onChange={(privacy) => change({ privacy })}
            />
            {draft.privacy !== "none" && (
              <>
                {text("clip", "Clipping norm (L2)")}
                {text(
                  "noiseMultiplier",
                  "Noise, in multiples of the clipping norm",
                  "More protects better and learns worse.",
                )}
                {text("delta", "Delta", "Well below one over the number of records.")}
              </>
            )}
          </div>
        </>
      );
    default:
      return (
        <div className="grid-2">
          {text("rewardUnit", "Reward a point of reputation", "For each accepted update. 0 for no reward.")}
          {text("rewardToken", "Reward token (address)")}
          {text("reputationInitial", "Reputation at the start (h)")}
          {text("reputationMax", "Reputation at most")}
          {text("minStake", "Stake to join", "0 for none")}
          {text("stakeToken", "Stake token (address)")}
          {text("arbiter", "Arbiter (address)", "Decides disputes. Left empty: you.")}
          {text("slashRecipient", "Slashed stake goes to (address)", "Left empty: you.")}
        </div>
      );
  }
}
