import type { Command } from "commander";
import { Option } from "commander";
import { AGGREGATION_RULES } from "../../../../protocol/aggregationRule.ts";
import type { Address } from "../../../../protocol/ids.ts";
import { DATASET_NAMES } from "../../../../protocol/datasetTerms.ts";
import type { DatasetName } from "../../../../protocol/datasetTerms.ts";
import { BASES, ELECTIONS, GRIDS, STRATEGIES } from "../../../../protocol/termsSettings.ts";
import type { TermsSettings } from "../../../../protocol/termsSettings.ts";
import { address, duration, fraction, positiveNumber, ratio, tokenAmount, wholeNumber } from "../parsers.ts";
import { compressionOptions } from "./compressionOptions.ts";
import type { CompressionOptions } from "./compressionOptions.ts";
import { privacyOptions, type PrivacyOptions } from "./privacyOptions.ts";

/** Terms that the command line gives in another form: flags, amounts in whole tokens, accounts with a default. */
type Converted =
  | "strict"
  | "penaliseUnavailable"
  | "penaliseSilent"
  | "rewardUnit"
  | "minStake"
  | "arbiter"
  | "slashRecipient"
  | "slashBounty";

/** What `task publish` reads from the command line about the task itself. */
export interface PublishOptions extends Omit<TermsSettings, Converted>, CompressionOptions, PrivacyOptions {
  readonly name: string;
  readonly description: string;
  readonly dataset: DatasetName;
  readonly data?: string;
  readonly maeScale: number;
  readonly targetError?: number;
  readonly model?: string;
  readonly epochs?: number;
  readonly batch?: number;
  readonly lr?: number;
  readonly momentum?: number;
  readonly seed: number;

  readonly strict?: true;
  readonly penaliseUnavailable?: true;
  readonly penaliseSilent?: true;
  readonly reward: string;
  readonly minStake: string;
  readonly arbiter?: Address;
  readonly slashRecipient?: Address;
  readonly slashBounty: string;
}

const MINUTE = 60;
const DAY = 86_400;

/** Adds the options that say what a task is. Times are lengths like 90s, 15m, 2h; ratios are 0 to 1. */
export function publishOptions(command: Command): Command {
  const choice = (flags: string, text: string, choices: readonly string[], byDefault: string): Option =>
    new Option(flags, text).choices(choices).default(byDefault);
  const time = (flags: string, text: string, seconds: number, shown: string): Option =>
    new Option(flags, text).argParser(duration).default(seconds, shown);
  const share = (flags: string, text: string, bps: number): Option =>
    new Option(flags, text).argParser(ratio).default(bps, String(bps / 10_000));
  const count = (flags: string, text: string, min: number, max: number, byDefault: number): Option =>
    new Option(flags, text).argParser(wholeNumber(min, max)).default(byDefault);

  command.optionsGroup("What is trained:");
  command
    .option("--name <TEXT>", "name of the task", "unnamed")
    .option("--description <TEXT>", "what it is for", "")
    .addOption(choice("--dataset <NAME>", "dataset that the nodes hold", DATASET_NAMES, "digits"))
    .option(
      "--data <DIR>",
      "example folder of an image-folder, csv or realworld-har: tells shape and classes",
    )
    .option("--model <NAME|FILE.json>", "built-in model, or a Keras topology (default: suits the dataset)")
    .option("--epochs <E>", "passes over a node's data in a round", wholeNumber(1, 1000))
    .option("--batch <B>", "samples a step", wholeNumber(1, 4096))
    .option("--lr <RATE>", "learning rate", positiveNumber)
    .option("--momentum <M>", "momentum of SGD", fraction)
    .addOption(count("--seed <S>", "seed of initial model and shuffles", 0, 0xffff_ffff, 1));
  compressionOptions(command);
  privacyOptions(command);

  command.optionsGroup("Rounds and negotiation:");
  command
    .addOption(count("--rounds <T>", "rounds", 1, 100_000, 10))
    .addOption(count("--min-nodes <N>", "nodes without which the task does not start or go on", 1, 1024, 3))
    .addOption(count("--max-nodes <N>", "nodes that may take part", 1, 1024, 20))
    .addOption(choice("--strategy <NAME>", "how alpha is chosen", Object.keys(STRATEGIES), "argmax-mean"))
    .addOption(
      choice("--base <NAME>", "model from which the next round trains", Object.keys(BASES), "global"),
    )
    .addOption(count("--steps <R>", "candidates for alpha", 1, 16, 10))
    .addOption(share("--alpha-lower <RATIO>", "least weight of the local model", 5000))
    .addOption(share("--alpha-upper <RATIO>", "greatest weight of the local model", 8000))
    .addOption(share("--initial-alpha <RATIO>", "alpha until a round has a quorum of scores", 5000))
    .addOption(choice("--grid <NAME>", "which bound is a candidate", Object.keys(GRIDS), "include-upper"))
    .addOption(share("--target <RATIO>", "mean accuracy that ends the task; 0 for none", 0))
    .addOption(
      new Option("--mae-scale <N>", "for a number to predict: score of a mean absolute error of 1")
        .argParser(positiveNumber)
        .default(1000),
    )
    .option(
      "--target-error <E>",
      "for a number to predict: mean absolute error that ends the task",
      positiveNumber,
    );

  command.optionsGroup("Committee and aggregation:");
  command
    .addOption(
      choice("--election <NAME>", "seed of the election", Object.keys(ELECTIONS), "model-hash-mixed"),
    )
    .addOption(share("--gamma <RATIO>", "share of nodes in the committee besides its leader", 3000))
    .addOption(share("--quorum <RATIO>", "share of active nodes without which a phase is void", 6700))
    .addOption(choice("--rule <NAME>", "how updates become one model", AGGREGATION_RULES, "fedavg"))
    .addOption(count("--f <N>", "updates that may be arbitrary (krum, multiKrum, trimmedMean)", 0, 511, 0))
    .addOption(count("--max-samples <N>", "weight that one update may claim", 1, 0xffff_ffff, 1_000_000));

  command.optionsGroup("Clock:");
  command
    .addOption(time("--start-in <TIME>", "from publication to the earliest start", 1, "1s"))
    .addOption(time("--time-limit <TIME>", "from publication until no round starts any more", 7 * DAY, "7d"))
    .addOption(time("--training <TIME>", "training, at most", 30 * MINUTE, "30m"))
    .addOption(time("--aggregation <TIME>", "one attempt to aggregate, at most", 5 * MINUTE, "5m"))
    .addOption(time("--fetch <TIME>", "of it: fetching updates", MINUTE, "1m"))
    .addOption(time("--objection <TIME>", "of it: handing over omitted updates", MINUTE, "1m"))
    .addOption(time("--slot <TIME>", "turn of a committee member before the next may propose", 30, "30s"))
    .addOption(time("--negotiation <TIME>", "scoring candidates, at most", 5 * MINUTE, "5m"))
    .addOption(time("--dispute <TIME>", "after the end, in which stake can be slashed", DAY, "1d"))
    .addOption(count("--attempts <N>", "committees that may try in a round", 1, 64, 3))
    .addOption(count("--voids <N>", "void rounds in a row that end the task", 1, 255, 5));

  command.optionsGroup("Reputation, reward, stake:");
  return command
    .addOption(count("--reputation <H>", "reputation at first", 0, 1_000_000, 5))
    .addOption(count("--reputation-max <N>", "greatest reputation", 1, 1_000_000, 100))
    .option("--strict", "a rejected node below the initial reputation does not climb")
    .option("--penalise-unavailable", "an update that could not be fetched lowers reputation")
    .option("--penalise-silent", "a node that posts nothing loses reputation")
    .option("--reward-token <ADDRESS>", "ERC-20 token of the rewards", address)
    .option(
      "--reward <AMOUNT>",
      "for an accepted update and each point of reputation, in whole tokens",
      tokenAmount,
      "0",
    )
    .option("--stake-token <ADDRESS>", "ERC-20 token of the stake", address)
    .option(
      "--min-stake <AMOUNT>",
      "stake without which a node cannot join, in whole tokens",
      tokenAmount,
      "0",
    )
    .option("--arbiter <ADDRESS>", "who may slash (default: the publisher)", address)
    .option("--slash-recipient <ADDRESS>", "who receives what is slashed (default: the publisher)", address)
    .option(
      "--slash-bounty <AMOUNT>",
      "of it to who proved the fault, in stake tokens, at most",
      tokenAmount,
      "0",
    )
    .optionsGroup("Options:");
}
