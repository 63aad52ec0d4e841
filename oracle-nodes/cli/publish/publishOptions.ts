import type { Command } from "commander";
import type { DatasetName } from "@concordat/protocol/manifest/datasetTerms";
import type { Address } from "@concordat/protocol/ids";
import { TERM_GROUPS, termsOfGroup } from "@concordat/protocol/terms/groups";
import type { TermGroup } from "@concordat/protocol/terms/term";
import type { TermsOfKind } from "@concordat/protocol/terms/terms";
import type { TermsSettings } from "@concordat/protocol/terms/termsSettings";
import type { CompressionOptions } from "./compressionOptions.ts";
import type { PrivacyOptions } from "./privacyOptions.ts";
import { addTerms, isOptionTerm } from "./termOption.ts";
import type { TrainingOptions } from "@concordat/learning/trainingOptions";

/** Terms that the command line gives in another form: flags, amounts in whole tokens, accounts with a default. */
type Converted = TermsOfKind<"flag" | "amount"> | "arbiter" | "slashRecipient";

/** What `task publish` reads from the command line about the task itself, by the names of the terms. */
export interface PublishOptions
  extends Omit<TermsSettings, Converted>, TrainingOptions, CompressionOptions, PrivacyOptions {
  readonly name: string;
  readonly description: string;
  readonly dataset: DatasetName;
  readonly data?: string;
  readonly maeScale: number;
  readonly targetError?: number;
  readonly model?: string;
  readonly seed: number;

  readonly strictReputation?: true;
  readonly penaliseUnavailable?: true;
  readonly penaliseSilent?: true;
  readonly rewardUnit: string;
  readonly minStake: string;
  readonly arbiter?: Address;
  readonly slashRecipient?: Address;
  readonly slashBounty: string;
}

/** Adds the options that say what a task is. Times are lengths like 90s, 15m, 2h; ratios are 0 to 1, or percent. */
export function publishOptions(command: Command): Command {
  for (const [group, title] of Object.entries(TERM_GROUPS) as [TermGroup, string][]) {
    const names = termsOfGroup(group).filter(isOptionTerm);
    if (names.length === 0) continue;
    command.optionsGroup(`${title}:`);
    addTerms(command, names);
    if (group === "model") fileOptions(command);
  }
  return command.optionsGroup("Options:");
}

/** What files say, and so no term. */
function fileOptions(command: Command): void {
  command
    .option(
      "--data <DIR>",
      "example folder of an image-folder, csv or realworld-har: tells shape and classes",
    )
    .option(
      "--model <NAME|FILE.json>",
      "built-in model, or a Keras topology (default: one that suits the dataset)",
    );
}
