import type { NodeId, TaskId } from "../../../protocol/ids.ts";
import type { ChainGateway } from "../chain/chainGateway.ts";

/** Milliseconds after which a node's endpoints are read again. */
const FRESH_MS = 30_000;
/** Nodes asked for a task's manifest while it has no members yet. */
const MAX_NODES = 64;

/** Where the other nodes serve their artifacts, as NodeRegistry says. */
export class Peers {
  readonly #chain: ChainGateway;
  readonly #self: NodeId;
  readonly #extra: readonly string[];
  readonly #known = new Map<NodeId, { readonly endpoints: Promise<string>; readonly at: number }>();

  /** @param extra Endpoint strings that are always asked too, last. */
  constructor(chain: ChainGateway, self: NodeId, extra: readonly string[]) {
    this.#chain = chain;
    this.#self = self;
    this.#extra = extra;
  }

  /** The endpoint string of one node. */
  async endpointsOf(nodeId: NodeId): Promise<string> {
    const known = this.#known.get(nodeId);
    if (known !== undefined && performance.now() - known.at < FRESH_MS) return known.endpoints;
    const endpoints = this.#chain.node(nodeId).then((node) => node.endpoints);
    this.#known.set(nodeId, { endpoints, at: performance.now() });
    endpoints.catch(() => this.#known.delete(nodeId));
    return endpoints;
  }

  /** Forgets a node's endpoints, after a failure: it may have moved. */
  forget(nodeId: NodeId): void {
    const known = this.#known.get(nodeId);
    if (known !== undefined && performance.now() - known.at > 1000) this.#known.delete(nodeId);
  }

  /** Endpoint strings to fetch from: these nodes first, in this order, then the configured ones. */
  async providers(nodeIds: readonly NodeId[]): Promise<string[]> {
    const others = nodeIds.filter((id) => id !== this.#self);
    const endpoints = await Promise.all(others.map((id) => this.endpointsOf(id)));
    return [...endpoints.filter(Boolean), ...this.#extra];
  }

  /** Node ids of a task's active members in order of position, or of the registry's first nodes if it has none. */
  async membersOf(taskId: TaskId): Promise<NodeId[]> {
    const members = await this.#chain.activeMembers(taskId);
    if (members.length > 0) return Promise.all(members.map((id) => this.#chain.nodeOfMember(taskId, id)));
    const count = Math.min(MAX_NODES, await this.#chain.nodeCount());
    return Array.from({ length: count }, (_, i) => (i + 1) as NodeId);
  }
}
