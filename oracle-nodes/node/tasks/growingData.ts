import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { z } from "zod";
import type { DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import { makeFolder, writeDurably } from "@concordat/files/durableFile";
import { datasetDigest, recordDigests } from "@concordat/learning/data/datasetDigest";
import { walkFolder } from "@concordat/learning/data/walkFolder";
import type { Dataset } from "@concordat/learning/data/dataset";
import { drawRecords } from "@concordat/learning/data/drawRecords";
import { samplerFor, type Samples } from "@concordat/learning/data/samples";
import { logDraw, logReport, TRAINING } from "./logData.ts";
import type { TaskData } from "./taskData.ts";

/** The file of the task's folder that says which records validate. */
const VALIDATION_FILE = "validation.json";
const validationSchema = z.array(z.string().length(64)).min(1);

export interface OwnData {
  readonly terms: DatasetTerms;
  readonly dataset: Dataset;
  readonly seed: number;
  /** Part of the training file that validates. */
  readonly validationShare: number;
  readonly maxSamples: number;
  /** The task's folder. */
  readonly dir: string;
  /** The data's folder; `digits` has none. */
  readonly folder: string | undefined;
  /** Loads the folder again. */
  readonly reload: () => Promise<Dataset>;
  readonly logger: Logger;
}

/**
 * Data of which all is this node's, in a folder that may grow (online training, paper 4). Records validate by what they are,
 * not by where they stand: which ones is drawn once for a task and kept over restarts, so that no model is scored on what
 * it has trained on, whatever comes into the folder. All others train.
 */
export class GrowingData implements TaskData {
  train: Samples;
  validation: Samples;
  readonly #options: OwnData;
  readonly #validating: ReadonlySet<string>;
  #known: ReadonlySet<string>;
  /** What was last logged of how the folder was read. */
  #report: string;
  /** Of the folder when it was last loaded; at first unknown. */
  #state = "";

  /** @throws {InputError} when there are too few records, or those that validated are gone. */
  static async open(options: OwnData): Promise<GrowingData> {
    return new GrowingData(options, await validatingRecords(options));
  }

  private constructor(options: OwnData, validating: ReadonlySet<string>) {
    this.#options = options;
    this.#validating = validating;
    const { train, validation, digests } = divide(options, options.dataset, validating);
    this.train = train;
    this.validation = validation;
    this.#known = new Set(digests);
    this.#report = JSON.stringify(options.dataset.report);
    logReport(options.dataset, options.logger);
  }

  /**
   * Loads the folder again if it changed, between rounds: what came joins training. Where the folder cannot be used, for
   * instance because a file is still being written, the node goes on with what it has, and says so.
   */
  async refresh(): Promise<void> {
    const { folder, reload, logger } = this.#options;
    if (folder === undefined) return;
    try {
      const state = await folderState(folder);
      if (state === this.#state) return;
      const dataset = await reload();
      const { train, validation, digests } = divide(this.#options, dataset, this.#validating);
      const found = new Set(digests);
      const came = [...found].filter((digest) => !this.#known.has(digest)).length;
      const gone = [...this.#known].filter((digest) => !found.has(digest)).length;
      this.train = train;
      this.validation = validation;
      this.#known = found;
      this.#state = state;
      const report = JSON.stringify(dataset.report);
      if (report !== this.#report) logReport(dataset, logger);
      this.#report = report;
      if (came === 0 && gone === 0) return;
      const facts = { came, gone, samples: train.indices.length, dataset: datasetDigest(dataset) };
      logger.info(facts, "the data changed: training goes on with what is there now");
    } catch (error) {
      if (!(error instanceof ConcordatError)) throw error;
      logger.warn(
        { reason: error.oneLine },
        "the changed data cannot be used yet: training goes on with what was there",
      );
    }
  }
}

/** The records that train and those that validate, normalised by what is fitted on the former where nodes fit their own. */
function divide(
  { terms, maxSamples, folder, seed, logger }: OwnData,
  dataset: Dataset,
  validating: ReadonlySet<string>,
): { train: Samples; validation: Samples; digests: string[] } {
  const all = recordDigests(dataset.train);
  const validated: number[] = [];
  const trained: number[] = [];
  all.forEach((digest, i) => (validating.has(digest) ? validated : trained).push(i));
  if (validated.length === 0 || trained.length === 0) {
    throw new InputError(
      `${folder ?? dataset.name} has ${trained.length} records to train on, ${validated.length} to validate with`,
      {
        hint: "Restore the records that were there at first, or add more",
      },
    );
  }
  const train = drawRecords(dataset.train, trained, { count: maxSamples, seed, purpose: TRAINING });
  logDraw(terms, dataset.train, { of: trained, train }, logger);
  const samples = samplerFor(terms, dataset.train, train);
  return {
    train: samples(dataset.train, train),
    validation: samples(dataset.train, validated),
    digests: trained.map((i) => all[i] ?? ""),
  };
}

/** Which records validate: as was drawn when the task was first taken up, or drawn now. */
async function validatingRecords({
  dataset,
  seed,
  validationShare,
  dir,
}: OwnData): Promise<ReadonlySet<string>> {
  const path = join(dir, VALIDATION_FILE);
  const kept = await readFile(path, "utf8").catch(() => undefined);
  if (kept !== undefined) return parseValidation(path, kept);
  const digests = recordDigests(dataset.train);
  // Equal records train or validate together.
  const first = [...new Map(digests.map((digest, i) => [digest, i] as const).toReversed()).values()];
  const count = Math.max(1, Math.floor(first.length * validationShare));
  const places = drawRecords(
    dataset.train,
    first.toSorted((a, b) => a - b),
    { count, seed, purpose: "validation", usesRest: true },
  );
  const drawn = places.map((i) => digests[i] ?? "");
  await makeFolder(dir);
  await writeDurably(dir, [{ path, bytes: JSON.stringify(drawn) }]);
  return new Set(drawn);
}

function parseValidation(path: string, text: string): ReadonlySet<string> {
  try {
    return new Set(validationSchema.parse(JSON.parse(text)));
  } catch (cause) {
    throw new InputError(`${path}, which records what validates, is damaged`, {
      hint: "Restore it from a backup, or leave the task: what has trained must not validate",
      cause,
    });
  }
}

/** What changes when a file comes, goes or is written: names, sizes and times. */
async function folderState(folder: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    const { files } = await walkFolder(folder);
    for (const { path, size, changedMs } of files) {
      hash.update(JSON.stringify([path, size, changedMs]));
    }
  } catch (cause) {
    throw new InputError(`${folder} cannot be read`, { hint: "Check the folder and its rights", cause });
  }
  return hash.digest("hex");
}
