import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Wallet, id } from "ethers";
import { pino } from "pino";
import { BlockFolder } from "#store/blocks/blockFolder";
import { contentStore } from "#store/blocks/contentStore";
import { gatewayAddress } from "#protocol/endpoints/endpoints";
import { serveGateway, type Gateway } from "#store/gateway/gatewayServer";
import { SentBytes } from "#store/gateway/sentBytes";
import type { ArtifactStore } from "#store/artifactStore";
import type { PostedUpdate, RoundView } from "#chain/contracts/roundView";
import type { AttestRequest } from "#node/rounds/aggregationMessages";
import { AggregationSession } from "#node/rounds/aggregationSession";
import { AggregationSessions } from "#node/rounds/aggregationSessions";
import type { ServedTask } from "#node/tasks/servedTask";
import { Peers } from "#node/serving/peers";
import { propose } from "#node/rounds/propose";
import type { Services } from "#node/services";
import { ReceivedBytes } from "#node/rounds/receivedBytes";
import { SignedResults } from "#node/rounds/signedResults";
import { UpdateCollection } from "#node/rounds/updateCollection";
import { encodeArtifact } from "#protocol/artifacts/artifact";
import { fromBitmap, toBitmap } from "#protocol/rules/bitmap";
import { Phase } from "#protocol/contracts/enums";
import { bps, digest, type MemberId, type NodeId, type TaskId } from "#protocol/ids";
import { AGGREGATE_ATTESTATION_TYPES, resultDomain } from "#protocol/messages/signedResults";
import { validTerms } from "../protocol/rules/termsFixture.ts";

const SPECS = [{ name: "w", shape: [2] }];
const START = 1_800_000_000;
const base = digest(id("base"));
const terms = validTerms(START);
const wallets = [1, 2, 3, 4].map((node) => new Wallet(id(`signer ${node}`)));
export const ALL = [1, 2, 3, 4];
const silent = pino({ level: "silent" });

/** One member: its own store, gateway, signatures and session; the nodes' own code but for the chain. */
export interface CommitteeMember {
  readonly store: ArtifactStore;
  readonly session: AggregationSession;
  /** Asks for every update once, with the clock where it stands. */
  fetch(): Promise<void>;
  /** Acts as the proposer of its rank; returns the members that its posted proposal accepts. */
  propose(): Promise<number[]>;
}

/** A committee of four in Aggregation: node i is member i with rank i - 1. Its chain is a clock and who posted what. */
export class Committee {
  readonly members: CommitteeMember[] = [];
  now = START;
  readonly #closing: (() => Promise<unknown>)[] = [];
  readonly #endpoints: string[] = [];
  readonly #posted: PostedUpdate[] = [];
  readonly #stores: ArtifactStore[] = [];
  readonly #sessions: AggregationSessions[] = [];

  static async open(): Promise<Committee> {
    const committee = new Committee();
    for (const nodeId of ALL) await committee.#openStore(nodeId);
    for (const nodeId of ALL) await committee.#openMember(nodeId);
    return committee;
  }

  get view(): RoundView {
    const { fetchSeconds, objectionSeconds, aggregationSeconds } = terms;
    const fetchEnd = START + fetchSeconds;
    return {
      phase: Phase.Aggregation,
      round: 1,
      retry: 0,
      attempt: 0,
      activeCount: 4,
      quorum: 3,
      postedCount: 4,
      reportedCount: 0,
      alphaBps: bps(5000),
      openedAt: START,
      phaseStart: START,
      deadline: START + aggregationSeconds,
      fetchEnd,
      objectEnd: fetchEnd + objectionSeconds,
      hardEnd: START + 86_400,
      base,
      aggregate: digest(`0x${"0".repeat(64)}`),
      seed: id("seed"),
      block: 1,
    };
  }

  /** Makes a member serve its update to nobody any more, as if it had never. */
  async withhold(nodeId: number): Promise<void> {
    const update = this.#posted[nodeId - 1];
    if (update !== undefined) await this.#stores[nodeId - 1]?.remove(update.digest);
  }

  member(nodeId: number): CommitteeMember {
    const member = this.members[nodeId - 1];
    if (member === undefined) throw new Error(`There is no member ${nodeId}`);
    return member;
  }

  /** Answers in a member's place from now on. */
  impersonate(nodeId: number, answer: AggregationSession["answer"]): void {
    const { key } = this.member(nodeId).session;
    this.#sessions[nodeId - 1]?.add({ key, answer });
  }

  /** The request of a proposer that aggregated these members only. */
  async attestRequest(nodeId: number, accepted: readonly number[]): Promise<AttestRequest> {
    const { session } = this.member(nodeId);
    const outcome = await session.recompute(accepted as MemberId[]);
    const wallet = wallets[nodeId - 1] ?? Wallet.createRandom();
    const domain = resultDomain(1, terms.coordinator);
    const value = { ...session.attestation(outcome) };
    const signature = await wallet.signTypedData(domain, AGGREGATE_ATTESTATION_TYPES, {
      ...value,
      accepted: [...toBitmap(outcome.accepted, 4)],
      rejected: [...toBitmap(outcome.rejected, 4)],
    });
    const { round, retry, attempt } = this.view;
    return {
      kind: "attest",
      taskId: 1,
      round,
      retry,
      attempt,
      base,
      rank: nodeId - 1,
      digest: outcome.digest,
      accepted: [...outcome.accepted],
      rejected: [...outcome.rejected],
      signature,
    };
  }

  async close(): Promise<void> {
    for (const close of this.#closing.toReversed()) await close();
  }

  async #openStore(nodeId: number): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "concordat-committee-"));
    const served = await BlockFolder.open(join(folder, "served"));
    const withheld = await BlockFolder.open(join(folder, "withheld"));
    const sessions = new AggregationSessions();
    const listen = { host: "127.0.0.1", port: 0 };
    const gateway: Gateway = await serveGateway(served, listen, { routes: [sessions.route] });
    const peerSource = (): never => {
      throw new Error("There are gateways only");
    };
    const endpoints = gatewayAddress(gateway.address);
    const close = () => gateway.close();
    const sent = new SentBytes();
    const store = contentStore({ served, withheld, peerSource, endpoints, sent, close });
    this.#closing.push(
      () => rm(folder, { recursive: true, force: true }),
      () => store.close(),
    );
    this.#endpoints.push(endpoints);
    this.#stores.push(store);
    this.#sessions.push(sessions);
    const tensors = [{ name: "w", shape: [2], data: Float32Array.of(nodeId, nodeId) }];
    const update = { role: "update", task: 1 as TaskId, round: 1, node: nodeId as NodeId, base } as const;
    const stored = await store.put(encodeArtifact(update, tensors));
    this.#posted.push({
      nodeId: nodeId as NodeId,
      memberId: nodeId as MemberId,
      digest: stored,
      samples: 100,
    });
  }

  async #openMember(nodeId: number): Promise<void> {
    const store = this.#stores[nodeId - 1];
    const signer = wallets[nodeId - 1];
    const sessions = this.#sessions[nodeId - 1];
    if (store === undefined || signer === undefined || sessions === undefined) throw new Error("Not opened");
    const proposals: number[][] = [];
    const chain = {
      book: { chainId: 1 },
      heads: { now: () => this.now, reaches: async () => undefined },
      confirmations: 0,
      node: async (peer: number) => ({ endpoints: this.#endpoints[peer - 1] ?? "" }),
      signerAt: async (peer: number) => wallets[peer - 1]?.address,
      roundOf: async () => (proposals.length === 0 ? this.view : { ...this.view, phase: Phase.Negotiation }),
      submitAggregate: async (_round: unknown, _attempt: number, proposal: { accepted: bigint[] }) => {
        proposals.push(fromBitmap(proposal.accepted));
        return { blockNumber: 1 };
      },
    } as unknown as Services["chain"];
    const services = {
      chain,
      store,
      config: {},
      nodeId: nodeId as NodeId,
      peers: new Peers(chain, nodeId as NodeId, []),
      board: { update: () => undefined },
      logger: silent,
    } as unknown as Services;
    const folder = await mkdtemp(join(tmpdir(), "concordat-signed-"));
    this.#closing.push(() => rm(folder, { recursive: true, force: true }));
    const task = {
      taskId: 1,
      memberId: nodeId,
      terms,
      manifest: { model: { tensors: SPECS }, compression: { kind: "none" } },
      maxBytes: 1 << 20,
      maxUpdateBytes: 1 << 20,
      received: new ReceivedBytes(() => undefined),
      signed: await SignedResults.open(folder, signer, resultDomain(1, terms.coordinator)),
      dir: folder,
      logger: silent,
    } as unknown as ServedTask;
    const { signal } = new AbortController();
    const updates = new UpdateCollection(services, task, this.view, this.#posted);
    const ids = ALL as (NodeId & MemberId)[];
    const committee = { nodeIds: ids, memberIds: ids, threshold: 3 };
    const session = new AggregationSession({
      services,
      task,
      view: this.view,
      committee,
      updates,
      words: 1,
      signal,
    });
    sessions.add(session);
    this.members.push({
      store,
      session,
      fetch: async () => {
        const until = new AbortController();
        if (this.now >= this.view.fetchEnd) until.abort();
        const fetched = updates.fetchAll(until.signal, signal);
        await updates.tried();
        until.abort();
        await fetched;
      },
      propose: async () => {
        await propose(services, session, nodeId - 1, signal);
        return proposals[0] ?? [];
      },
    });
  }
}
