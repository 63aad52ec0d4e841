import type { MemberId, NodeId, TaskId } from "@concordat/protocol/ids";
import type { ChainGateway } from "@concordat/chain/contracts/chainGateway";
import { isEndpointFault } from "@concordat/chain/endpoints/endpointError";

/** Milliseconds before endpoints that did not serve are read again. */
const SUSPECT_MS = 1000;
/** Nodes of the registry that are asked at once for what a task starts from, beside its members. */
const MAX_NODES = 64;

/** Where the other nodes serve their artifacts, as NodeRegistry says: read once, and again when it changes. */
export class Peers {
  readonly #chain: ChainGateway;
  readonly #self: NodeId;
  readonly #extra: readonly string[];
  readonly #known = new Map<NodeId, { readonly endpoints: Promise<string>; readonly at: number }>();
  /** Whose members are whose: a member's number is never given again, but a reorganisation may give it to another. */
  readonly #members = new Map<TaskId, Map<MemberId, NodeId>>();
  #reorganisations = 0;
  /** Nodes of the registry that were asked already: a large one is gone through by and by. */
  #turn = 0;

  /** @param extra Endpoint strings that are always asked too, last. */
  constructor(chain: ChainGateway, self: NodeId, extra: readonly string[]) {
    this.#chain = chain;
    this.#self = self;
    this.#extra = extra;
  }

  /** The endpoint string of one node. */
  async endpointsOf(nodeId: NodeId): Promise<string> {
    const known = this.#known.get(nodeId);
    if (known !== undefined) return known.endpoints;
    const endpoints = this.#chain.node(nodeId).then((node) => node.endpoints);
    this.#known.set(nodeId, { endpoints, at: performance.now() });
    endpoints.catch(() => this.#known.delete(nodeId));
    return endpoints;
  }

  /** Forgets a node's endpoints, since the registry says that they changed. */
  forget(nodeId: NodeId): void {
    this.#known.delete(nodeId);
  }

  /** Forgets endpoints that did not serve, unless they were read just now: the node may have moved. */
  suspect(nodeId: NodeId): void {
    const known = this.#known.get(nodeId);
    if (known !== undefined && performance.now() - known.at > SUSPECT_MS) this.#known.delete(nodeId);
  }

  /** Endpoint strings to fetch from: these nodes first, in this order, then the configured ones. */
  async providers(nodeIds: readonly NodeId[]): Promise<string[]> {
    const others = nodeIds.filter((id) => id !== this.#self);
    // One whose endpoints cannot be read holds up nobody else.
    const endpoints = await Promise.all(
      others.map(async (id) =>
        this.endpointsOf(id).catch((error: unknown) => {
          if (isEndpointFault(error)) return "";
          throw error;
        }),
      ),
    );
    return [...endpoints.filter(Boolean), ...this.#extra];
  }

  /** Node ids of a task's active members in order of position. */
  async membersOf(taskId: TaskId): Promise<NodeId[]> {
    const members = await this.#chain.activeMembers(taskId);
    return Promise.all(members.map(async (id) => this.nodeOfMember(taskId, id)));
  }

  /**
   * Node ids that may have what a task starts from, its manifest and its initial model: its members, then others of the
   * registry. A publisher hands both to a node that takes them, which need not take part in the task.
   */
  async startersOf(taskId: TaskId): Promise<NodeId[]> {
    const members = await this.membersOf(taskId);
    const count = await this.#chain.nodeCount();
    const begin = count > MAX_NODES ? this.#turn : 0;
    this.#turn = (begin + MAX_NODES) % Math.max(1, count);
    const others = Array.from(
      { length: Math.min(MAX_NODES, count) },
      (_, i) => (((begin + i) % count) + 1) as NodeId,
    );
    return [...new Set([...members, ...others])];
  }

  /** The node behind a member; read once. */
  async nodeOfMember(taskId: TaskId, memberId: MemberId): Promise<NodeId> {
    const { reorganisations } = this.#chain.heads;
    if (reorganisations !== this.#reorganisations) this.#members.clear();
    this.#reorganisations = reorganisations;
    const known = this.#members.get(taskId) ?? new Map<MemberId, NodeId>();
    this.#members.set(taskId, known);
    const nodeId = known.get(memberId) ?? (await this.#chain.nodeOfMember(taskId, memberId));
    known.set(memberId, nodeId);
    return nodeId;
  }
}
