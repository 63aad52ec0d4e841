import type { AggregationRuleName } from "@concordat/protocol/rules/aggregationRule";
import { aggregationRuleName } from "@concordat/protocol/rules/aggregationRule";
import { INITIAL_MODEL, decodeArtifact, encodeArtifact } from "@concordat/protocol/artifacts/artifact";
import type { Artifact } from "@concordat/protocol/artifacts/artifact";
import { bitmapHas, fromBitmap } from "@concordat/protocol/rules/bitmap";
import { decodeUpdate } from "@concordat/protocol/artifacts/compressedUpdate";
import { digestOf } from "@concordat/protocol/artifacts/contentAddress";
import { ArtifactError } from "@concordat/protocol/errors";
import type { Digest, MemberId } from "@concordat/protocol/ids";
import {
  digest as asDigest,
  memberId as asMemberId,
  nodeId as asNodeId,
  taskId as asTaskId,
} from "@concordat/protocol/ids";
import { remainingByzantineBound } from "@concordat/protocol/rules/byzantineBound";
import { decodeManifest } from "@concordat/protocol/manifest/manifest";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { ModelTensors, TensorSpec } from "@concordat/protocol/artifacts/tensors";
import type { CheckPlace, Lack } from "../checks.ts";
import type { Service } from "../missingFacts.ts";
import type { ReplayContext } from "../replay/replayContext.ts";
import type { AcceptedAggregate, PostedUpdate, ReplayedRound } from "../replay/replayedRound.ts";
import { SpentBudgets } from "./spentBudgets.ts";
import type { LeastSpent } from "./spentBudgets.ts";

/** Whom to ask for an artifact. */
export interface FetchHints {
  readonly taskId: number;
  /** 0 for manifest and initial model. */
  readonly round: number;
  /** The node that made it, 0 for an aggregate. */
  readonly nodeId: number;
  /**
   * Endpoints, as the registry has them, of everyone who may hold it: of the node that made it, then of the round's other
   * members, then of all others that ever were members of the task. Any of them may be silent, or give wrong bytes.
   */
  readonly endpoints: readonly string[];
  readonly maxBytes: number;
}

/** Why an artifact that can be had is none: larger than the terms allow, or not the canonical form of its bytes. */
export interface DisqualifiedArtifact {
  readonly disqualified: string;
}

/** Where artifacts come from; the bytes that it returns are verified here. Rejects for what it cannot get. */
export interface ArtifactReader {
  fetch(digest: Digest, hints: FetchHints): Promise<Uint8Array | DisqualifiedArtifact>;
}

/** A member's update, as an aggregation rule takes it. */
export interface UpdateToAggregate {
  readonly memberId: MemberId;
  readonly samples: number;
  readonly tensors: ModelTensors;
}

/** The rules of aggregation, given from outside because the audit depends on `protocol/` only. */
export type AggregateUpdates = (
  rule: AggregationRuleName,
  updates: readonly UpdateToAggregate[],
  byzantineBound: number,
) => Promise<{
  readonly tensors: ModelTensors;
  readonly accepted: readonly MemberId[];
  readonly rejected: readonly MemberId[];
}>;

/** `disqualified`: what was found can never be used, as against what was not found. */
type Fetched<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string; readonly disqualified?: true };

/** What an audit of models needs besides the chain. */
export interface AuditModels {
  readonly artifacts: ArtifactReader;
  readonly aggregate: AggregateUpdates;
  readonly leastSpent: LeastSpent;
}

/** Makes every global model again from the updates, bit for bit, and says who was rightly left out. */
export class AggregateRecomputation {
  readonly #context: ReplayContext;
  readonly #artifacts: ArtifactReader;
  readonly #aggregate: AggregateUpdates;
  readonly #endpointsOf: (nodeId: number) => string;
  readonly #manifests = new Map<number, Fetched<TaskManifest>>();
  readonly #budgets: SpentBudgets;
  readonly #service = new Map<number, Service>();

  constructor(
    context: ReplayContext,
    { artifacts, aggregate, leastSpent }: AuditModels,
    endpointsOf: (nodeId: number) => string,
  ) {
    this.#budgets = new SpentBudgets(context.checks, leastSpent);
    this.#context = context;
    this.#artifacts = artifacts;
    this.#aggregate = aggregate;
    this.#endpointsOf = endpointsOf;
  }

  /** By node: how many of its updates could be had. */
  get service(): ReadonlyMap<number, Service> {
    return this.#service;
  }

  /** Checks what can only be judged once all rounds are known. */
  finish(): void {
    this.#budgets.finish();
  }

  /** Checks the model of a round that was just finalised. */
  async checkRound(round: ReplayedRound): Promise<void> {
    const { aggregate } = round;
    if (aggregate === undefined) return;
    const place = { taskId: round.task.taskId, round: round.round, subject: "global model" };
    const { taskId } = round.task;
    for (const { nodeId, samples } of round.posted.values()) this.#budgets.note(taskId, nodeId, samples);
    const manifest = await this.#manifestOf(round);
    if (!manifest.ok) {
      const lack = { kind: "manifest", taskId, nodeIds: holdersOf(round) } as const;
      this.#context.checks.notRecomputed("aggregate.model", place, aggregate.digest, manifest.why, lack);
      return;
    }
    const specs = manifest.value.model.tensors;
    const base = await this.#baseOf(round, manifest.value);
    if (!base.ok) {
      const lack = { kind: "model", taskId, nodeIds: holdersOf(round) } as const;
      await this.#checkStored(round, aggregate, specs, place, `base of the updates: ${base.why}`, lack);
      return;
    }
    const taken = [...round.posted.values()]
      .filter(
        ({ memberId }) => bitmapHas(aggregate.accepted, memberId) || bitmapHas(aggregate.rejected, memberId),
      )
      .toSorted((a, b) => a.memberId - b.memberId);
    const usable: UpdateToAggregate[] = [];
    const disqualified: number[] = [];
    const missing: { readonly nodeId: number; readonly why: string }[] = [];
    for (const update of taken) {
      const result = await this.#updateOf(round, update, manifest.value, base.value);
      if (!result.ok) missing.push({ nodeId: update.nodeId, why: result.why });
      else if (result.value === undefined) disqualified.push(update.memberId);
      else usable.push(result.value);
    }
    const [first] = missing;
    if (first !== undefined) {
      const why = `update of node ${first.nodeId}: ${first.why}`;
      const lack = { kind: "update", nodeIds: missing.map(({ nodeId }) => nodeId) } as const;
      await this.#checkStored(round, aggregate, specs, place, why, lack);
      return;
    }
    await this.#compare(round, aggregate, place, usable, disqualified);
  }

  async #compare(
    round: ReplayedRound,
    { digest, accepted, rejected }: AcceptedAggregate,
    place: CheckPlace,
    usable: readonly UpdateToAggregate[],
    disqualified: readonly number[],
  ): Promise<void> {
    const { terms, taskId } = round.task;
    const found = [digest, fromBitmap(accepted), fromBitmap(rejected)];
    try {
      const rule = aggregationRuleName(terms.aggregationRule);
      const bound = remainingByzantineBound(terms.byzantineBound, disqualified.length);
      const result = await this.#aggregate(rule, usable, bound);
      const bytes = encodeArtifact(
        { role: "global", task: asTaskId(taskId), round: round.round, node: 0, base: asDigest(round.base) },
        result.tensors,
      );
      const refused = [...result.rejected, ...disqualified].toSorted((a, b) => a - b);
      this.#context.checks.expect(
        "aggregate.model",
        place,
        [await digestOf(bytes), result.accepted, refused],
        found,
      );
    } catch (error) {
      this.#context.checks.expect("aggregate.model", place, `no model: ${reasonOf(error)}`, found);
    }
  }

  /** Where updates are gone, at least the stored model is what its digest and metadata say. */
  async #checkStored(
    round: ReplayedRound,
    { digest }: AcceptedAggregate,
    specs: readonly TensorSpec[],
    place: CheckPlace,
    missing: string,
    lack: Lack,
  ): Promise<void> {
    const stored = await this.#fetch(round, digest, 0);
    if (!stored.ok) {
      this.#context.checks.notRecomputed("aggregate.model", place, digest, missing, lack);
      return;
    }
    const base = asDigest(round.base);
    const task = asTaskId(round.task.taskId);
    const fault = faultOf(() =>
      decodeArtifact(stored.value, { specs, role: "global", task, round: round.round, base }),
    );
    if (fault === undefined) {
      this.#context.checks.notRecomputed("aggregate.model", place, digest, missing, lack);
    } else {
      this.#context.checks.expect("aggregate.model", place, "a model of this round", fault);
    }
  }

  /** The update's tensors; undefined where its bytes are not an update of this node, task, round and base. */
  async #updateOf(
    round: ReplayedRound,
    update: PostedUpdate,
    manifest: TaskManifest,
    base: ModelTensors,
  ): Promise<Fetched<UpdateToAggregate | undefined>> {
    const place = {
      taskId: round.task.taskId,
      round: round.round,
      subject: `artifact of node ${update.nodeId}`,
    };
    const accepted = bitmapHas(round.aggregate?.accepted ?? [], update.memberId);
    const checkForm = (fault: string | undefined): void => {
      const found = fault ?? "usable";
      const form = { ...place, subject: `${place.subject}: form` };
      this.#context.checks.expect("update.artifact", form, accepted ? "usable" : found, found);
    };
    const fetched = await this.#fetch(round, update.digest, update.nodeId);
    if (!fetched.ok && fetched.disqualified === true) {
      checkForm(fetched.why);
      return { ok: true, value: undefined };
    }
    this.#noteService(update.nodeId, fetched.ok);
    if (!fetched.ok) {
      const lack = { kind: "update", nodeIds: [update.nodeId] } as const;
      this.#context.checks.notRecomputed("update.artifact", place, update.digest, fetched.why, lack);
      return fetched;
    }
    const found = await digestOf(fetched.value).catch(reasonOf);
    if (!this.#context.checks.expect("update.artifact", place, update.digest, found)) {
      return { ok: false, why: "its bytes do not have its digest" };
    }
    let artifact: Artifact | undefined;
    const fault = faultOf(() => {
      const expected = {
        specs: manifest.model.tensors,
        role: "update",
        task: asTaskId(round.task.taskId),
        round: round.round,
        node: asNodeId(update.nodeId),
        base: asDigest(round.base),
      } as const;
      artifact = decodeUpdate(fetched.value, expected, base, manifest.compression);
    });
    checkForm(fault);
    if (artifact === undefined) return { ok: true, value: undefined };
    const { metadata, tensors } = artifact;
    const budget = { ...place, subject: `${place.subject}: privacy budget` };
    this.#budgets.check(budget, manifest, round.task.taskId, update.nodeId, metadata.spent);
    return { ok: true, value: { memberId: asMemberId(update.memberId), samples: update.samples, tensors } };
  }

  /** w_G of the round before, against which compressed updates are read; nothing where they are not compressed. */
  async #baseOf(round: ReplayedRound, { model, compression }: TaskManifest): Promise<Fetched<ModelTensors>> {
    if (compression.kind === "none") return { ok: true, value: [] };
    const fetched = await this.#fetch(round, round.base, 0);
    if (!fetched.ok) return fetched;
    const expected =
      round.round === 1
        ? INITIAL_MODEL
        : ({ role: "global", task: asTaskId(round.task.taskId), round: round.round - 1 } as const);
    try {
      if ((await digestOf(fetched.value)) !== round.base)
        return { ok: false, why: "its bytes do not have its digest" };
      const { tensors } = decodeArtifact(fetched.value, { specs: model.tensors, ...expected });
      return { ok: true, value: tensors };
    } catch (error) {
      return { ok: false, why: reasonOf(error) };
    }
  }

  async #manifestOf(round: ReplayedRound): Promise<Fetched<TaskManifest>> {
    const { taskId, terms } = round.task;
    const known = this.#manifests.get(taskId);
    if (known !== undefined) return known;
    const fetched = await this.#fetch(round, terms.manifestDigest, 0);
    const manifest = fetched.ok
      ? await this.#readManifest(taskId, terms.manifestDigest, fetched.value)
      : fetched;
    // Whoever is silent now may answer for the next round.
    if (manifest.ok || manifest.disqualified === true || fetched.ok) this.#manifests.set(taskId, manifest);
    return manifest;
  }

  async #readManifest(taskId: number, digest: Digest, bytes: Uint8Array): Promise<Fetched<TaskManifest>> {
    const found = await digestOf(bytes).catch(reasonOf);
    const place = { taskId, subject: "manifest" };
    if (!this.#context.checks.expect("update.artifact", place, digest, found)) {
      return { ok: false, why: "the manifest's bytes do not have its digest" };
    }
    try {
      return { ok: true, value: decodeManifest(bytes) };
    } catch (error) {
      return { ok: false, why: `the manifest: ${reasonOf(error)}` };
    }
  }

  #noteService(nodeId: number, isServed: boolean): void {
    const { served, missing } = this.#service.get(nodeId) ?? { served: 0, missing: 0 };
    this.#service.set(nodeId, { served: served + Number(isServed), missing: missing + Number(!isServed) });
  }

  async #fetch(round: ReplayedRound, digest: string, nodeId: number): Promise<Fetched<Uint8Array>> {
    const holders = new Set([...(nodeId === 0 ? [] : [nodeId]), ...holdersOf(round)]);
    const hints: FetchHints = {
      taskId: round.task.taskId,
      round: round.round,
      nodeId,
      endpoints: [...holders].map(this.#endpointsOf).filter((endpoints) => endpoints !== ""),
      maxBytes: round.task.terms.maxArtifactBytes,
    };
    try {
      const answer = await this.#artifacts.fetch(asDigest(digest), hints);
      if (answer instanceof Uint8Array) return { ok: true, value: answer };
      return { ok: false, why: answer.disqualified, disqualified: true };
    } catch (error) {
      return { ok: false, why: `could not be fetched: ${reasonOf(error)}` };
    }
  }
}

/** Nodes that may hold a round's artifacts: its members, then whoever else ever was a member of the task. */
function holdersOf({ active, task }: ReplayedRound): readonly number[] {
  return [...new Set([...active.map(({ nodeId }) => nodeId), ...task.roster.nodes])];
}

/** What is wrong with bytes, undefined for nothing. */
function faultOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof ArtifactError) return error.message;
    throw error;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
