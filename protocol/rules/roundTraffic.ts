import { blockBytes } from "../artifacts/contentAddress.ts";

/** What the traffic of a round depends on. */
export interface RoundSizes {
  /** Bytes of one update artifact, its header included. */
  readonly update: number;
  /** Bytes of the global model's artifact. */
  readonly global: number;
  /** Nodes that posted an update and take the aggregate. */
  readonly nodes: number;
  /** Of them, those in the committee. */
  readonly committee: number;
}

/** Bytes that one node sends and receives in a round. */
export interface NodeTraffic {
  readonly up: number;
  readonly down: number;
}

/**
 * Artifact bytes per node in a round without faults, in blocks with their roots (`blockBytes`): every committee member
 * fetches every other node's update and recomputes w_G^t; every other node fetches w_G^t from a member, on average from
 * each alike. Over all nodes, what is sent equals what is received. Transport headers, signatures and the chain are not
 * counted.
 */
export function roundTraffic({ update, global, nodes, committee }: RoundSizes): {
  readonly trainer: NodeTraffic;
  readonly member: NodeTraffic;
} {
  const [u, g] = [blockBytes(update), blockBytes(global)];
  return {
    trainer: { up: committee * u, down: g },
    member: {
      up: (committee - 1) * u + ((nodes - committee) * g) / committee,
      down: (nodes - 1) * u,
    },
  };
}
