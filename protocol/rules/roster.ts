import { MemberStatus } from "../contracts/enums.ts";

/** Membership changes that one opening applies at most. */
export const MAX_CHANGES = 16;
/** Members that a task can have, ever. */
export const MAX_MEMBERS = 1024;

/** A membership event with its arguments in order, as the task registry emits it. */
export type RosterEvent = readonly [name: string, ...args: number[]];

/** What a membership change depends on outside of the roster. */
export interface RosterFacts {
  /** Nodes in order of their removal from the registry. */
  readonly removals: readonly number[];
  readonly isRegistered: (nodeId: number) => boolean;
  readonly hasStake: (nodeId: number) => boolean;
}

/** A task's members, positions and queue. */
export interface Roster {
  readonly maxNodes: number;
  /** Member ids by position. */
  readonly active: readonly number[];
  /** Node ids by memberId - 1. */
  readonly nodes: readonly number[];
  /** Nodes that wait for their change, each at most once. */
  readonly queue: readonly number[];
  /** Removals of the registry that were followed. */
  readonly removalCursor: number;
  readonly statuses: ReadonlyMap<number, MemberStatus>;
}

/** A roster after a change, and the events that the change must emit. */
export interface RosterChange {
  readonly roster: Roster;
  readonly events: readonly RosterEvent[];
}

/** The roster of a task that was just published. @param removals Nodes that were removed from the registry before. */
export function emptyRoster(maxNodes: number, removals: number): Roster {
  return { maxNodes, active: [], nodes: [], queue: [], removalCursor: removals, statuses: new Map() };
}

export function statusOf({ statuses }: Roster, nodeId: number): MemberStatus {
  return statuses.get(nodeId) ?? MemberStatus.None;
}

/** Member id that a node ever had here, else 0. */
export function memberIdOf({ nodes }: Roster, nodeId: number): number {
  return nodes.indexOf(nodeId) + 1;
}

/** Node of a member; 0 where there is no such member. */
export function nodeOf({ nodes }: Roster, memberId: number): number {
  return nodes[memberId - 1] ?? 0;
}

export function isActive(roster: Roster, nodeId: number): boolean {
  const status = statusOf(roster, nodeId);
  return status === MemberStatus.Active || status === MemberStatus.Leaving;
}

export function hasPlace({ active, maxNodes }: Roster): boolean {
  return active.length < maxNodes;
}

/** Gives a node the last position, and a member id unless it had one. */
export function activate(roster: Roster, nodeId: number): RosterChange {
  const known = memberIdOf(roster, nodeId);
  const nodes = known === 0 ? [...roster.nodes, nodeId] : roster.nodes;
  const memberId = known === 0 ? nodes.length : known;
  const active = [...roster.active, memberId];
  return {
    roster: withStatus({ ...roster, nodes, active }, nodeId, MemberStatus.Active),
    events: [["MemberJoined", nodeId, memberId, active.length - 1]],
  };
}

/** Takes a node's position, which the member that stands last gets. */
export function deactivate(roster: Roster, nodeId: number): RosterChange {
  const memberId = memberIdOf(roster, nodeId);
  const position = roster.active.indexOf(memberId);
  const last = roster.active.length - 1;
  const moved = roster.active[last];
  const left: RosterEvent = ["MemberLeft", nodeId, memberId, position];
  const active = roster.active.slice(0, last);
  const after = withStatus({ ...roster, active }, nodeId, MemberStatus.Left);
  if (moved === undefined || moved === memberId) return { roster: after, events: [left] };
  return {
    roster: { ...after, active: active.with(position, moved) },
    events: [left, ["MemberMoved", moved, last, position]],
  };
}

/** Puts a node's wish to join or leave a running task at the end of the queue, unless it stands in it. */
export function enqueue(roster: Roster, nodeId: number, join: boolean): Roster {
  const queue = roster.queue.includes(nodeId) ? roster.queue : [...roster.queue, nodeId];
  return withStatus({ ...roster, queue }, nodeId, join ? MemberStatus.Joining : MemberStatus.Leaving);
}

/** Withdraws a queued join; the node keeps its place in the queue. */
export function drop(roster: Roster, nodeId: number): RosterChange {
  const status = memberIdOf(roster, nodeId) === 0 ? MemberStatus.None : MemberStatus.Left;
  return { roster: withStatus(roster, nodeId, status), events: [["JoinDropped", nodeId]] };
}

/** Follows the registry's removals, at most 16 a call. */
export function followRemovals(roster: Roster, { removals }: Pick<RosterFacts, "removals">): RosterChange {
  const followed = removals.slice(roster.removalCursor, roster.removalCursor + MAX_CHANGES);
  const moved = { ...roster, removalCursor: roster.removalCursor + followed.length };
  return inTurn(moved, followed, (now, nodeId) =>
    isActive(now, nodeId) ? deactivate(now, nodeId) : { roster: now, events: [] },
  );
}

/** What an opening changes: removals first, each a step, then the queue in order, at most 16 steps in all. */
export function applyChanges(roster: Roster, facts: RosterFacts): RosterChange {
  const removed = followRemovals(roster, facts);
  const steps = removed.roster.removalCursor - roster.removalCursor;
  const due = removed.roster.queue.slice(0, MAX_CHANGES - steps);
  const queue = removed.roster.queue.slice(due.length);
  const queued = inTurn({ ...removed.roster, queue }, due, (now, nodeId) => applyQueued(now, nodeId, facts));
  return { roster: queued.roster, events: [...removed.events, ...queued.events] };
}

function applyQueued(roster: Roster, nodeId: number, facts: RosterFacts): RosterChange {
  const status = statusOf(roster, nodeId);
  if (status === MemberStatus.Leaving) return deactivate(roster, nodeId);
  if (status !== MemberStatus.Joining) return { roster, events: [] };
  const hasId = memberIdOf(roster, nodeId) !== 0 || roster.nodes.length < MAX_MEMBERS;
  const qualifies = hasPlace(roster) && hasId && facts.isRegistered(nodeId) && facts.hasStake(nodeId);
  return qualifies ? activate(roster, nodeId) : drop(roster, nodeId);
}

function inTurn(
  roster: Roster,
  nodeIds: readonly number[],
  change: (roster: Roster, nodeId: number) => RosterChange,
): RosterChange {
  const events: RosterEvent[] = [];
  let now = roster;
  for (const nodeId of nodeIds) {
    const step = change(now, nodeId);
    now = step.roster;
    events.push(...step.events);
  }
  return { roster: now, events };
}

function withStatus(roster: Roster, nodeId: number, status: MemberStatus): Roster {
  return { ...roster, statuses: new Map(roster.statuses).set(nodeId, status) };
}
