import { aggregationRuleName } from "@concordat/protocol/rules/aggregationRule";
import { encodeArtifact } from "@concordat/protocol/artifacts/artifact";
import { fromBitmap, toBitmap } from "@concordat/protocol/rules/bitmap";
import { ConcordatError } from "@concordat/protocol/errors";
import { ZERO_DIGEST, type Address, type Digest, type MemberId, type NodeId } from "@concordat/protocol/ids";
import { rankOpensAt } from "@concordat/protocol/rules/roundClock";
import {
  hashAggregateAttestation,
  recoverSigner,
  resultDomain,
  type AggregateAttestation,
} from "@concordat/protocol/messages/signedResults";
import { isEndpointFault } from "@concordat/chain/endpoints/endpointError";
import type { CommitteeView, RoundView } from "@concordat/chain/contracts/roundView";
import { aggregateUpdates } from "./aggregateUpdates.ts";
import type {
  AggregationRequest,
  AggregationResponse,
  AttestRequest,
  Refusal,
  ReviewRequest,
} from "./aggregationMessages.ts";
import { attemptKey, type AttemptMember } from "./aggregationSessions.ts";
import type { ServedTask } from "../tasks/servedTask.ts";
import { noteArtifacts } from "../serving/pruneArtifacts.ts";
import type { Services } from "../services.ts";
import type { Signed, Slot } from "./signedResults.ts";
import type { UpdateCollection } from "./updateCollection.ts";

/** What a set of available updates amounts to. Digest zero: fewer than the rule needs. */
export interface Outcome {
  readonly digest: Digest;
  readonly accepted: readonly MemberId[];
  readonly rejected: readonly MemberId[];
}

/** Different sets that are recomputed in one attempt at most: a committee that quarrels costs no more. */
const MAX_SETS = 8;

/** A quarrelling committee would make this node recompute without end. */
class TooManySetsError extends ConcordatError {
  constructor() {
    super("Too many different sets were proposed in this attempt");
  }
}

/** This node's part in the committee of one attempt: what it has fetched, recomputed, objected to and signed. */
export class AggregationSession implements AttemptMember {
  readonly key: string;
  readonly task: ServedTask;
  readonly view: RoundView;
  readonly committee: CommitteeView;
  readonly updates: UpdateCollection;
  readonly #services: Services;
  readonly #signal: AbortSignal;
  readonly #words: number;
  readonly #signers = new Map<NodeId, Address>();
  readonly #outcomes = new Map<string, Promise<Outcome>>();
  /** Aggregations run one after another: each needs all of a processor and much memory. */
  #queue: Promise<unknown> = Promise.resolve();
  /** What the member of a rank attested when it asked first. */
  readonly #proposed = new Map<number, Outcome>();
  /** Members whose updates this node had when a proposer asked in time. */
  readonly #handedOver = new Set<MemberId>();

  constructor(parts: {
    readonly services: Services;
    readonly task: ServedTask;
    readonly view: RoundView;
    readonly committee: CommitteeView;
    readonly updates: UpdateCollection;
    /** Words of this round's bitmaps. */
    readonly words: number;
    readonly signal: AbortSignal;
  }) {
    this.#services = parts.services;
    this.task = parts.task;
    this.view = parts.view;
    this.committee = parts.committee;
    this.updates = parts.updates;
    this.#words = parts.words;
    this.#signal = parts.signal;
    this.key = attemptKey({ ...parts.view, taskId: parts.task.taskId });
  }

  get slot(): Slot & { readonly attempt: number } {
    const { round, retry, attempt, base } = this.view;
    return { round, retry, attempt, base };
  }

  /** Whether a set that leaves out a posted update may be signed: nobody can object any more. */
  get objectionsEnded(): boolean {
    return this.#services.chain.heads.now() >= this.view.objectEnd;
  }

  /**
   * Members without whose updates this node signs no set: those it fetched in time, and those it held when a proposer
   * asked. A proposer that cannot fetch one itself asks, and is told; one that does not ask cannot leave it out either.
   */
  get owed(): MemberId[] {
    return ascending([...new Set([...this.updates.inTime, ...this.#handedOver])]);
  }

  /** Recomputes the aggregate of these members' updates, which must be here, and stores it. Each set once. */
  async recompute(members: readonly MemberId[]): Promise<Outcome> {
    const key = members.join();
    const known = this.#outcomes.get(key);
    if (known !== undefined) return known;
    if (this.#outcomes.size >= MAX_SETS) throw new TooManySetsError();
    const outcome = this.#queue.then(() => this.#recompute(members));
    this.#queue = outcome.catch(() => undefined);
    this.#outcomes.set(key, outcome);
    outcome.catch(() => this.#outcomes.delete(key));
    return outcome;
  }

  /** This node's attestation of an outcome, or of the one that it attested before. */
  async sign(outcome: Outcome): Promise<Signed<"AggregateAttestation">> {
    this.#signal.throwIfAborted();
    return this.task.signed.signOnce("AggregateAttestation", this.slot, this.attestation(outcome));
  }

  /** What this node has attested in this attempt, if anything. */
  async signed(): Promise<Outcome | undefined> {
    const signed = await this.task.signed.find("AggregateAttestation", this.slot);
    return signed && outcomeOf(signed.value);
  }

  attestation({ digest, accepted, rejected }: Outcome): AggregateAttestation {
    const bitmap = (members: readonly MemberId[]): readonly bigint[] => toBitmap(members, this.#words * 256);
    const { taskId } = this.task;
    return { taskId, ...this.slot, digest, accepted: bitmap(accepted), rejected: bitmap(rejected) };
  }

  /** Whether the committee member of this rank made the signature, by the key that counts for this round. */
  async isSignedByRank(rank: number, outcome: Outcome, signature: string): Promise<boolean> {
    const nodeId = this.committee.nodeIds[rank];
    if (nodeId === undefined) return false;
    const domain = resultDomain(this.#services.chain.book.chainId, this.task.terms.coordinator);
    const recovered = recoverSigner(hashAggregateAttestation(domain, this.attestation(outcome)), signature);
    return recovered?.toLowerCase() === (await this.#signerOf(nodeId)).toLowerCase();
  }

  /** The key that counts for a node in this round. */
  async #signerOf(nodeId: NodeId): Promise<Address> {
    const known =
      this.#signers.get(nodeId) ?? (await this.#services.chain.signerAt(nodeId, this.view.openedAt));
    this.#signers.set(nodeId, known);
    return known;
  }

  async answer(request: AggregationRequest): Promise<AggregationResponse> {
    try {
      return request.kind === "review" ? await this.#review(request) : await this.#attest(request);
    } catch (error) {
      if (this.#signal.aborted) return { kind: "later" };
      if (error instanceof TooManySetsError) return refused("tooManySets");
      const problem = error instanceof ConcordatError ? error.oneLine : String(error);
      this.task.logger.warn({ problem }, "could not answer a proposer");
      return isEndpointFault(error) ? { kind: "later" } : refused("failed");
    }
  }

  /** Names what the proposer lacks and this node has. Whatever the proposer claims to hold, it now owes what is held here. */
  async #review({ available }: ReviewRequest): Promise<AggregationResponse> {
    if (!this.objectionsEnded) this.updates.available.forEach((member) => this.#handedOver.add(member));
    const signed = await this.signed();
    return {
      kind: "reviewed",
      objections: this.owed.filter((member) => !available.includes(member)),
      signed:
        signed === undefined ? null : { accepted: [...signed.accepted], rejected: [...signed.rejected] },
    };
  }

  async #attest(request: AttestRequest): Promise<AggregationResponse> {
    const proposed: Outcome = {
      digest: request.digest as Digest,
      accepted: request.accepted as MemberId[],
      rejected: request.rejected as MemberId[],
    };
    const { terms, signed: results } = this.task;
    if (this.#services.chain.heads.now() < rankOpensAt(terms, this.view.phaseStart, request.rank))
      return { kind: "later" };
    if (!(await this.isSignedByRank(request.rank, proposed, request.signature))) {
      return refused("invalidAttestation");
    }
    // Whoever attests two aggregates would make every member recompute as many as it likes.
    const first = this.#proposed.get(request.rank) ?? proposed;
    this.#proposed.set(request.rank, first);
    if (!isSame(first, proposed)) {
      return refused("proposedAnother");
    }
    const before = await results.find("AggregateAttestation", this.slot);
    if (before === undefined) {
      const refusal = await this.#objectionTo(proposed, request.rank);
      if (refusal !== undefined) return refusal;
    }
    const signed = before ?? (await this.sign(proposed));
    if (before === undefined) {
      this.task.logger.info({ round: this.slot.round, proposerRank: request.rank }, "attested the aggregate");
    }
    return isSame(outcomeOf(signed.value), proposed)
      ? { kind: "signed", signature: signed.signature }
      : refused("attestedAnother");
  }

  /** Why this node does not sign the proposal (now); undefined once it has reproduced it bit for bit. */
  async #objectionTo(proposed: Outcome, rank: number): Promise<AggregationResponse | undefined> {
    const members = ascending([...proposed.accepted, ...proposed.rejected]);
    const posted = this.updates.posted.map(({ memberId }) => memberId);
    if (members.some((member) => !posted.includes(member))) {
      return refused("notPosted");
    }
    const proposer = this.committee.nodeIds[rank];
    const holders = proposer === undefined ? [] : [proposer];
    await this.updates.obtain(members, holders, this.#signal);
    const missing = members.filter((member) => !this.updates.has(member));
    if (missing.length > 0) return refused("updateMissing", missing[0]);
    const isVoid = proposed.digest === ZERO_DIGEST;
    if (isVoid) await this.updates.tried(this.#signal);
    const isWhole = isVoid ? this.updates.isComplete : members.length === posted.length;
    if (!isWhole && !this.objectionsEnded) return { kind: "later" };
    const omitted = this.owed.find((member) => !members.includes(member));
    if (!isVoid && omitted !== undefined) {
      return refused("updateOmitted", omitted);
    }
    const reproduced = await this.recompute(isVoid ? this.updates.available : members);
    if (isSame(reproduced, proposed)) return undefined;
    this.task.logger.info({ computed: reproduced.digest, proposed: proposed.digest }, "refused to attest");
    return refused("differs");
  }

  async #recompute(members: readonly MemberId[]): Promise<Outcome> {
    this.#signal.throwIfAborted();
    const { task, view } = this;
    const { usable, disqualified } = this.updates.partition(members);
    const rule = aggregationRuleName(task.terms.aggregationRule);
    const aggregate = await aggregateUpdates(rule, task.terms.byzantineBound, usable, disqualified);
    if (aggregate.kind === "tooFew")
      return { digest: ZERO_DIGEST, accepted: aggregate.accepted, rejected: [] };
    const metadata = {
      role: "global",
      task: task.taskId,
      round: view.round,
      node: 0,
      base: view.base,
    } as const;
    const digest = await this.#services.store.put(encodeArtifact(metadata, aggregate.tensors));
    await noteArtifacts(this.#services, task, view.round, [digest]);
    task.logger.debug({ round: view.round, digest, members: members.length }, "aggregated");
    return { digest, accepted: aggregate.accepted, rejected: aggregate.rejected };
  }
}

function refused(reason: Refusal, member?: MemberId): AggregationResponse {
  return { kind: "refused", reason, ...(member !== undefined && { member }) };
}

function outcomeOf({ digest, accepted, rejected }: AggregateAttestation): Outcome {
  return {
    digest: digest as Digest,
    accepted: fromBitmap(accepted) as MemberId[],
    rejected: fromBitmap(rejected) as MemberId[],
  };
}

function isSame(a: Outcome, b: Outcome): boolean {
  return (
    a.digest === b.digest &&
    ascending(a.accepted).join() === ascending(b.accepted).join() &&
    ascending(a.rejected).join() === ascending(b.rejected).join()
  );
}

function ascending(members: readonly MemberId[]): MemberId[] {
  return members.toSorted((a, b) => a - b);
}
