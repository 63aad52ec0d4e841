import { setTimeout as sleep } from "node:timers/promises";
import { decodeUpdate } from "@concordat/protocol/artifacts/compressedUpdate";
import { ArtifactError } from "@concordat/protocol/errors";
import type { Digest, MemberId, NodeId } from "@concordat/protocol/ids";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import type { Update } from "@concordat/learning/aggregation/rule";
import {
  ArtifactCorruptError,
  ArtifactMissingError,
  ArtifactNotCanonicalError,
  ArtifactTimeoutError,
} from "@concordat/store/artifactStore";
import { untilAborted } from "@concordat/protocol/untilAborted";
import type { PostedUpdate, RoundView } from "@concordat/chain/contracts/roundView";
import { globalModel } from "./models.ts";
import type { ServedTask } from "../tasks/servedTask.ts";
import type { Services } from "../services.ts";

/** An update whose bytes are here: usable, or disqualified for what is in it. */
type Available = { readonly update: Update } | { readonly disqualified: string };

const FETCH_TIMEOUT_MS = 20_000;
/** Pause between two attempts to fetch an update: short at first, since a peer may see the phase end a moment later. */
const FIRST_PAUSE_MS = 30;
const MAX_PAUSE_MS = 1000;

/** The updates of one opening as this node could fetch and verify them. */
export class UpdateCollection {
  readonly posted: readonly PostedUpdate[];
  readonly #services: Services;
  readonly #task: ServedTask;
  readonly #round: number;
  readonly #base: Digest;
  readonly #available = new Map<MemberId, Available>();
  readonly #inTime = new Set<MemberId>();
  readonly #allTried = openPromise();
  #tried = 0;
  #baseModel: Promise<ModelTensors> | undefined;

  constructor(services: Services, task: ServedTask, view: RoundView, posted: readonly PostedUpdate[]) {
    this.#services = services;
    this.#task = task;
    this.#round = view.round;
    this.#base = view.base;
    this.posted = posted;
    if (posted.length === 0) this.#allTried.resolve();
  }

  /** Members whose update is here, ascending. */
  get available(): MemberId[] {
    return [...this.#available.keys()].toSorted((a, b) => a - b);
  }

  get isComplete(): boolean {
    return this.#available.size === this.posted.length;
  }

  /** Members whose update was here before fetching closed. */
  get inTime(): ReadonlySet<MemberId> {
    return this.#inTime;
  }

  has(member: MemberId): boolean {
    return this.#available.has(member);
  }

  /** Of these members: the usable updates, and who is disqualified. */
  partition(members: readonly MemberId[]): { usable: Update[]; disqualified: MemberId[] } {
    const usable: Update[] = [];
    const disqualified: MemberId[] = [];
    for (const member of members) {
      const found = this.#available.get(member);
      if (found === undefined) continue;
      if ("update" in found) usable.push(found.update);
      else disqualified.push(member);
    }
    return { usable, disqualified };
  }

  /**
   * Fetches everything: each update once, however late it is, and what is missing then again and again until `until`.
   * @param until Aborts when fetching closes.
   */
  async fetchAll(until: AbortSignal, signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.posted.map(async (update) => {
        const isHere = await this.#tryFetch(update, [], signal);
        if (isHere && !until.aborted) this.#inTime.add(update.memberId);
        if (++this.#tried === this.posted.length) this.#allTried.resolve();
        if (!isHere) await this.#fetchUntil(update, AbortSignal.any([until, signal]));
      }),
    );
  }

  /**
   * Resolves when {@link fetchAll} has asked for every update at least once: before, absence means nothing. Where nothing
   * was posted there is nothing to ask for. @throws the signal's reason.
   */
  async tried(signal?: AbortSignal): Promise<void> {
    await (signal === undefined ? this.#allTried.promise : untilAborted(this.#allTried.promise, signal));
  }

  /** Tries once more to get these members' updates, also from the nodes that claim to hold them. */
  async obtain(members: readonly MemberId[], holders: readonly NodeId[], signal: AbortSignal): Promise<void> {
    const wanted = this.posted.filter(({ memberId }) => members.includes(memberId) && !this.has(memberId));
    await Promise.all(wanted.map((update) => this.#tryFetch(update, holders, signal)));
  }

  async #fetchUntil(update: PostedUpdate, until: AbortSignal): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(MAX_PAUSE_MS, pause * 2)) {
      await sleep(pause, undefined, { signal: until }).catch(() => undefined);
      if (until.aborted) return;
      if (!(await this.#tryFetch(update, [], until))) continue;
      if (!until.aborted) this.#inTime.add(update.memberId);
      return;
    }
  }

  /** w_G of the round before, which compressed updates are read against; fetched once. Missing, no update can be judged. */
  async #against(signal: AbortSignal): Promise<ModelTensors> {
    if (this.#task.manifest.compression.kind === "none") return [];
    this.#baseModel ??= globalModel(this.#services, this.#task, this.#base, this.#round - 1, [], signal);
    try {
      return await this.#baseModel;
    } catch (cause) {
      this.#baseModel = undefined;
      throw new ArtifactMissingError("The model that the updates start from cannot be fetched", { cause });
    }
  }

  /** Whether the update is here now. Faults of the network count as absence, faults of the content disqualify. */
  async #tryFetch(update: PostedUpdate, holders: readonly NodeId[], signal: AbortSignal): Promise<boolean> {
    const { memberId, nodeId, digest, samples } = update;
    if (this.has(memberId)) return true;
    const { store, peers } = this.#services;
    const { taskId, manifest, maxUpdateBytes: maxBytes, received, logger } = this.#task;
    try {
      // Its own update that a node has lost is had from whoever fetched it.
      const givers = async (): Promise<string[]> =>
        nodeId === this.#services.nodeId
          ? peers.providers(await peers.membersOf(taskId))
          : peers.providers([nodeId, ...holders]);
      const isHeld = await store.has(digest);
      const bytes = await store.get(digest, {
        maxBytes,
        timeoutMs: FETCH_TIMEOUT_MS,
        providers: givers,
        signal,
      });
      if (!isHeld) received.add(bytes);
      const expected = {
        specs: manifest.model.tensors,
        role: "update",
        task: taskId,
        round: this.#round,
        node: nodeId,
        base: this.#base,
      } as const;
      const base = await this.#against(signal);
      const { tensors } = decodeUpdate(bytes, expected, base, manifest.compression);
      this.#available.set(memberId, { update: { memberId, samples, tensors } });
      return true;
    } catch (error) {
      if (!(error instanceof ArtifactError) || isAbsence(error)) {
        if (!signal.aborted) logger.debug({ member: memberId, error: String(error) }, "update not here yet");
        peers.suspect(nodeId);
        return false;
      }
      logger.warn({ member: memberId, reason: error.message }, "update disqualified");
      this.#available.set(memberId, { disqualified: error.message });
      return true;
    }
  }
}

/** Whether the fault lies with those who were asked, so that others or later attempts may succeed. */
function isAbsence(error: ArtifactError): boolean {
  if (error instanceof ArtifactMissingError || error instanceof ArtifactTimeoutError) return true;
  return error instanceof ArtifactCorruptError && !(error instanceof ArtifactNotCanonicalError);
}

/** A promise that somebody else resolves. */
function openPromise(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
