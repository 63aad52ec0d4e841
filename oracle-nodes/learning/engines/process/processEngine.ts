import { rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import type { ModelTensors, TensorSpec } from "@concordat/protocol/artifacts/tensors";
import {
  TrainingDivergedError,
  type ApflResult,
  type Engine,
  type Evaluation,
  type TrainableModel,
  type TrainOptions,
  type TrainResult,
} from "../engine.ts";
import { initialWeights } from "#models/initialWeights";
import type { Topology } from "#models/models";
import type { Samples } from "#data/samples";
import { standingLayers } from "#models/topology";
import { readWeights, writeSamples, writeWeights } from "./tensorFiles.ts";
import { TrainerProcess } from "./trainerProcess.ts";
import { type TrainerCommand } from "./trainerCommand.ts";
import {
  evaluatedSchema,
  helloSchema,
  loadedSchema,
  trainedSchema,
  TRAINER_FEATURES,
  TRAINER_PROTOCOL,
  type Hello,
  type Progress,
} from "./trainerProtocol.ts";

/** What every program does. Other options are asked for by name of a feature, and options without one are refused. */
const PLAIN: ReadonlySet<string> = new Set<keyof TrainOptions>([
  "weights",
  "samples",
  "hyper",
  "round",
  "member",
  "signal",
  "onProgress",
]);
/** Files of samples that are kept: those of training and validation. */
const KEPT_SAMPLES = 2;

/**
 * An engine that is any program which speaks the protocol of docs/process-trainer.md.
 * @param folder Where the files for it are put: a node's own, which it clears when it starts. Nobody else does, should this
 *   process be killed.
 */
export function processEngine(command: TrainerCommand, folder = tmpdir()): Engine {
  return {
    name: "process",
    reason: `the program ${command.command}`,
    load: async ({ topology, tensors }, inputShape, classes) => {
      if (tensors === undefined) {
        throw new InputError("A trainer cannot say which tensors a topology has", {
          hint: "Describe the model with another engine first",
        });
      }
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const dir = await mkdtemp(join(resolve(folder), "concordat-trainer-"));
      const model = new ProcessModel(command, dir, { topology, tensors, inputShape, classes });
      try {
        await model.open();
      } catch (error) {
        model.dispose();
        throw error;
      }
      return model;
    },
  };
}

interface ModelDescription {
  readonly topology: Topology;
  readonly tensors: readonly TensorSpec[];
  readonly inputShape: readonly number[];
  readonly classes: number;
}

/** A model in a program's memory. A program that failed is started anew for the next call. */
class ProcessModel implements TrainableModel {
  readonly specs: readonly TensorSpec[];
  readonly #command: TrainerCommand;
  readonly #dir: string;
  readonly #model: ModelDescription;
  #running: { readonly program: TrainerProcess; readonly hello: Hello } | undefined;
  /** Samples whose file the program can read, oldest first. */
  readonly #written = new Map<Samples["indices"], string>();
  #files = 0;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #onExit = (): void => rmSync(this.#dir, { recursive: true, force: true });

  constructor(command: TrainerCommand, dir: string, model: ModelDescription) {
    this.#command = command;
    this.#dir = dir;
    this.#model = model;
    this.specs = model.tensors.map(({ name, shape }) => ({ name, shape }));
    process.once("exit", this.#onExit);
  }

  /** The program, started and loaded. @throws {InputError} when it cannot be started, or cannot do what the task needs. */
  async open(signal?: AbortSignal): Promise<{ readonly program: TrainerProcess; readonly hello: Hello }> {
    await this.#running?.program.settled();
    if (this.#running?.program.isOver === false) return this.#running;
    const program = new TrainerProcess(this.#command);
    try {
      const hello = await program.request({ command: "hello", protocol: TRAINER_PROTOCOL }, helloSchema, {
        signal,
      });
      const { topology, tensors, inputShape, classes } = this.#model;
      if (classes === 1) checkFeature(hello, "regression");
      const load = { command: "load", topology, tensors, inputShape, classes } as const;
      await program.request(load, loadedSchema, { signal });
      this.#running = { program, hello };
      return this.#running;
    } catch (error) {
      program.end();
      throw error;
    }
  }

  initialise(seed: number): ModelTensors {
    return initialWeights(this.specs, seed);
  }

  async train(options: TrainOptions): Promise<TrainResult> {
    return this.#enqueue(async () => {
      const { weights, samples, hyper, round, member, signal, onProgress } = options;
      const { program, hello } = await this.open(signal);
      for (const [option, value] of Object.entries(options))
        if (value !== undefined && !PLAIN.has(option)) checkFeature(hello, option);
      const { proximal, correction, moves, epochs } = options;
      const result = join(this.#dir, "result.safetensors");
      rmSync(result, { force: true });
      const request = {
        command: "train",
        weights: await this.#write("weights", weights),
        samples: await this.#samples(hello, samples, "train"),
        result,
        hyper,
        round,
        member,
        epochs: epochs ?? { first: 1, count: hyper.localEpochs },
        ...(proximal && {
          proximal: { anchor: await this.#write("anchor", proximal.anchor), mu: proximal.mu },
        }),
        ...(correction && { correction: await this.#write("correction", correction) }),
        ...(moves && { moves: this.specs.map(({ name }) => name).filter(moves) }),
      } as const;
      const { loss, samples: trainedOn } = await program.request(request, trainedSchema, {
        signal,
        onProgress: onProgress && reporter(onProgress),
      });
      const trained = await readWeights(result, this.specs);
      if (loss === null || !trained.every(({ data }) => data.every(Number.isFinite)))
        throw new TrainingDivergedError("Training diverged: the trainer's loss or weights are not finite");
      checkStanding(this.#model.topology, weights, trained);
      const isOwn = hello.data === "own";
      return { weights: trained, samples: isOwn ? trainedOn : samples.indices.length, loss };
    });
  }

  async trainApfl(): Promise<ApflResult> {
    throw new InputError("A trainer program cannot train APFL", { hint: "Use another engine" });
  }

  async evaluate(weights: ModelTensors, samples: Samples, signal?: AbortSignal): Promise<Evaluation> {
    return this.#enqueue(async () => {
      const { program, hello } = await this.open(signal);
      const request = {
        command: "evaluate",
        weights: await this.#write("weights", weights),
        samples: await this.#samples(hello, samples, "validation"),
      } as const;
      const { absoluteError, ...answers } = await program.request(request, evaluatedSchema, { signal });
      return { ...answers, ...(absoluteError !== undefined && { absoluteError }) };
    });
  }

  dispose(): void {
    this.#running?.program.end();
    process.off("exit", this.#onExit);
    this.#onExit();
  }

  async #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #write(name: string, tensors: ModelTensors): Promise<string> {
    const path = join(this.#dir, `${name}.safetensors`);
    await writeWeights(path, tensors);
    return path;
  }

  /** What the program is told about samples: a file, or which of its own it should take. */
  async #samples(hello: Hello, samples: Samples, use: "train" | "validation"): Promise<object> {
    if (hello.data === "own") return { use };
    const known = this.#written.get(samples.indices);
    if (known !== undefined) return { use, file: known };
    const path = join(this.#dir, `samples-${++this.#files}.safetensors`);
    await writeSamples(path, samples);
    this.#written.set(samples.indices, path);
    const [oldest] = this.#written;
    if (oldest !== undefined && this.#written.size > KEPT_SAMPLES) {
      this.#written.delete(oldest[0]);
      rmSync(oldest[1], { force: true });
    }
    return { use, file: path };
  }
}

/** Hands on progress; a loss that is not told is absent. */
function reporter(onProgress: NonNullable<TrainOptions["onProgress"]>): (progress: Progress) => void {
  return ({ loss, ...place }) => onProgress({ ...place, ...(loss !== undefined && { loss }) });
}

/** @throws {InputError} unless the program says that it can do this, and the protocol has a way to ask for it. */
function checkFeature({ name, supports }: Hello, feature: string): void {
  if (supports.includes(feature) && TRAINER_FEATURES.some((known) => known === feature)) return;
  throw new InputError(`The trainer "${name}" does not support what the task needs: ${feature}`, {
    hint: `It supports ${supports.join(", ") || "plain training only"}; use another engine or another program`,
  });
}

/** Checks that what a topology says stands still has done so. @throws {ConcordatError} naming the first that has not. */
function checkStanding(topology: Topology, before: ModelTensors, after: ModelTensors): void {
  const still = standingLayers(topology);
  const moved = after.find(({ name, data }, i) => {
    const isStill = still.some((layer) => name.startsWith(`${layer}/`));
    return isStill && data.some((value, k) => value !== before[i]?.data[k]);
  });
  if (moved === undefined) return;
  throw new ConcordatError(`The trainer has moved ${moved.name}, which the model says must not change`, {
    hint: "Make the program respect trainable false, or choose another engine",
  });
}
