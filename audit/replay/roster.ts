import { MemberStatus } from "../../protocol/enums.ts";
import type { TaskTerms } from "../../protocol/taskTerms.ts";

/** Membership changes that one opening applies at most. */
const MAX_CHANGES = 16;
/** Members that a task can have, ever. */
const MAX_MEMBERS = 1024;

/** A membership event with its arguments in order, as the task registry emits it. */
export type RosterEvent = readonly [name: string, ...args: number[]];

/** What a membership change depends on outside of the roster. */
export interface RosterWorld {
  /** Nodes in order of their removal from the registry. */
  readonly removals: readonly number[];
  readonly isRegistered: (nodeId: number) => boolean;
  readonly hasStake: (nodeId: number) => boolean;
}

/** A task's members, positions and queue, as the rules make them. Each change returns the events that it must emit. */
export class Roster {
  /** Member ids by position. */
  readonly active: number[] = [];
  /** Node ids by memberId - 1. */
  readonly nodes: number[] = [];
  /** Nodes that wait for their change, each at most once. */
  readonly queue: number[] = [];
  removalCursor: number;
  readonly #status = new Map<number, MemberStatus>();
  readonly #maxNodes: number;

  constructor(terms: Pick<TaskTerms, "maxNodes">, removalCursor: number) {
    this.#maxNodes = terms.maxNodes;
    this.removalCursor = removalCursor;
  }

  statusOf(nodeId: number): MemberStatus {
    return this.#status.get(nodeId) ?? MemberStatus.None;
  }

  /** Member id that a node ever had here, else 0. */
  memberIdOf(nodeId: number): number {
    return this.nodes.indexOf(nodeId) + 1;
  }

  nodeOf(memberId: number): number {
    return this.nodes[memberId - 1] ?? 0;
  }

  isActive(nodeId: number): boolean {
    const status = this.statusOf(nodeId);
    return status === MemberStatus.Active || status === MemberStatus.Leaving;
  }

  get hasPlace(): boolean {
    return this.active.length < this.#maxNodes;
  }

  activate(nodeId: number): readonly RosterEvent[] {
    let memberId = this.memberIdOf(nodeId);
    if (memberId === 0) memberId = this.nodes.push(nodeId);
    this.#status.set(nodeId, MemberStatus.Active);
    const position = this.active.push(memberId) - 1;
    return [["MemberJoined", nodeId, memberId, position]];
  }

  /** The member that stands last takes the free position. */
  deactivate(nodeId: number): readonly RosterEvent[] {
    const memberId = this.memberIdOf(nodeId);
    const position = this.active.indexOf(memberId);
    this.#status.set(nodeId, MemberStatus.Left);
    const left: RosterEvent = ["MemberLeft", nodeId, memberId, position];
    const moved = this.active.pop();
    if (moved === undefined || moved === memberId) return [left];
    this.active[position] = moved;
    return [left, ["MemberMoved", moved, this.active.length, position]];
  }

  enqueue(nodeId: number, join: boolean): void {
    this.#status.set(nodeId, join ? MemberStatus.Joining : MemberStatus.Leaving);
    if (!this.queue.includes(nodeId)) this.queue.push(nodeId);
  }

  /** Withdraws a queued join; the node keeps its place in the queue. */
  drop(nodeId: number): readonly RosterEvent[] {
    this.#status.set(nodeId, this.memberIdOf(nodeId) === 0 ? MemberStatus.None : MemberStatus.Left);
    return [["JoinDropped", nodeId]];
  }

  /** Follows the registry's removals, at most 16 a call; each costs a step. */
  followRemovals(world: RosterWorld): { readonly steps: number; readonly events: readonly RosterEvent[] } {
    const followed = world.removals.slice(this.removalCursor, this.removalCursor + MAX_CHANGES);
    this.removalCursor += followed.length;
    const events = followed.flatMap((nodeId) => (this.isActive(nodeId) ? this.deactivate(nodeId) : []));
    return { steps: followed.length, events };
  }

  /** What an opening changes: removals first, then the queue in order, at most 16 steps in all. */
  applyChanges(world: RosterWorld): readonly RosterEvent[] {
    const { steps, events } = this.followRemovals(world);
    const due = this.queue.splice(0, MAX_CHANGES - steps);
    return [...events, ...due.flatMap((nodeId) => this.#applyQueued(nodeId, world))];
  }

  #applyQueued(nodeId: number, world: RosterWorld): readonly RosterEvent[] {
    const status = this.statusOf(nodeId);
    if (status === MemberStatus.Leaving) return this.deactivate(nodeId);
    if (status !== MemberStatus.Joining) return [];
    const hasId = this.memberIdOf(nodeId) !== 0 || this.nodes.length < MAX_MEMBERS;
    const qualifies = this.hasPlace && hasId && world.isRegistered(nodeId) && world.hasStake(nodeId);
    return qualifies ? this.activate(nodeId) : this.drop(nodeId);
  }
}
