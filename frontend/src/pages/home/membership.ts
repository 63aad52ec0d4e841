import type { MemberRecord, NodeRecord, TaskRecord } from "@concordat/protocol/history/federationState";

/** A node in a task that it takes part in, or once took part in. */
export interface Membership {
  readonly task: TaskRecord;
  readonly node: NodeRecord;
  readonly member: MemberRecord;
}

export function memberOf(task: TaskRecord, node: NodeRecord): MemberRecord | undefined {
  return [...task.members.values()].find(({ nodeId }) => nodeId === node.nodeId);
}

/** Where these nodes take part, or once took part, by task. */
export function membershipsOf(
  tasks: Iterable<TaskRecord>,
  nodes: readonly NodeRecord[],
): readonly Membership[] {
  return [...tasks].flatMap((task) =>
    nodes.flatMap((node) => {
      const member = memberOf(task, node);
      return member === undefined ? [] : [{ task, node, member }];
    }),
  );
}
