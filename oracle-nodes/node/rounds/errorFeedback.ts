import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import {
  decodeArtifact,
  encodeArtifact,
  type ArtifactMetadata,
} from "@concordat/protocol/artifacts/artifact";
import { ArtifactError } from "@concordat/protocol/errors";
import type { Digest } from "@concordat/protocol/ids";
import { isStatistic, type ModelTensors, type TensorSpec } from "@concordat/protocol/artifacts/tensors";
import { writeDurably } from "@concordat/files/durableFile";

const FILE = /^(local|residual)-(\d+)\.safetensors$/;

/**
 * What a node keeps of its compressed updates in a task's folder: its dense model w_k, which it scores and mixes, and the
 * residual e that would follow if the update is accepted.
 *
 * Error feedback adds to an update what compression dropped from earlier ones (Seide et al. 2014; Stich et al. 2018;
 * Karimireddy et al. 2019), so e may only move on when what was sent has moved the global model. Each round has its own
 * file, written before anything is signed, and the chain says which of them counts: the one of the latest finalised round
 * whose aggregate holds this node's update. Thus
 *  - accepted: the next update starts from e of that round;
 *  - rejected, unavailable or never posted: the next starts from what this one started from. The whole change is not added
 *    to the residual, as it would be for a lost gradient: w_k was trained from a model that did not move, the next training
 *    finds the same direction again, and under a rule that rejects outliers the sum would be rejected ever more surely;
 *  - void: the retry sends the same update again, from the same start;
 *  - a crash at any point: the same files and the same chain give the same start.
 */
export class ErrorFeedback {
  readonly #dir: string;
  readonly #specs: readonly TensorSpec[];
  readonly #logger: Logger;

  /** @param specs The task's tensors. */
  constructor(dir: string, specs: readonly TensorSpec[], logger: Logger) {
    this.#dir = dir;
    this.#specs = specs;
    this.#logger = logger;
  }

  /**
   * The residual from which the update of a round starts; undefined for zero. A damaged file counts as zero: it costs
   * what was left out, nothing else.
   * @param isAccepted Whether this node's update was accepted in an earlier, finalised round.
   */
  async residualBefore(
    round: number,
    isAccepted: (round: number) => Promise<boolean>,
  ): Promise<{ readonly round: number; readonly tensors: ModelTensors } | undefined> {
    for (const kept of (await this.#rounds("residual")).toReversed()) {
      if (kept >= round || !(await isAccepted(kept))) continue;
      try {
        return { round: kept, tensors: await this.#read("residual", kept) };
      } catch (error) {
        if (!(error instanceof ArtifactError)) throw error;
        this.#logger.warn(
          { round: kept, problem: error.message },
          "the residual is damaged and starts from zero",
        );
        return undefined;
      }
    }
    return undefined;
  }

  /**
   * Keeps durably what follows from an update that is about to be signed; forgets residuals that can no longer count.
   * @param start The round of the residual that the update started from, to which it falls back if it is not accepted.
   */
  async keep(
    metadata: ArtifactMetadata,
    local: ModelTensors,
    residual: ModelTensors,
    start: number | undefined,
  ): Promise<void> {
    const { round } = metadata;
    await writeDurably(this.#dir, [
      { path: this.#path("local", round), bytes: encodeArtifact(metadata, local) },
      { path: this.#path("residual", round), bytes: encodeArtifact(metadata, residual) },
    ]);
    for (const other of await this.#rounds("residual")) {
      if (other !== round && other !== start) await rm(this.#path("residual", other), { force: true });
    }
  }

  /** The node's own w_k of a round, with this base if one is given, if it is kept. @throws {ArtifactError} when the file is damaged. */
  async localModel(round: number, base?: Digest): Promise<ModelTensors | undefined> {
    if (!(await this.#rounds("local")).includes(round)) return undefined;
    return this.#read("local", round, base);
  }

  /** Forgets the local models of rounds before this one. */
  async forgetLocalBefore(round: number): Promise<void> {
    for (const old of await this.#rounds("local"))
      if (old < round) await rm(this.#path("local", old), { force: true });
  }

  async #read(kind: "local" | "residual", round: number, base?: Digest): Promise<ModelTensors> {
    const specs = kind === "local" ? this.#specs : this.#specs.filter((spec) => !isStatistic(spec));
    const bytes = new Uint8Array(await readFile(this.#path(kind, round)));
    const expected = { specs, role: "update", round, ...(base !== undefined && { base }) } as const;
    return decodeArtifact(bytes, expected).tensors;
  }

  /** Rounds of which such a file is kept, ascending. */
  async #rounds(kind: "local" | "residual"): Promise<number[]> {
    const found = (await readdir(this.#dir)).map((name) => FILE.exec(name));
    return found
      .flatMap((match) => (match?.[1] === kind ? [Number(match[2])] : []))
      .toSorted((a, b) => a - b);
  }

  #path(kind: "local" | "residual", round: number): string {
    return join(this.#dir, `${kind}-${round}.safetensors`);
  }
}
