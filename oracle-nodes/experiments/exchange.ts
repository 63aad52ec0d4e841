import { encodeUpdate } from "@concordat/protocol/artifacts/compressedUpdate";
import { nodeId, taskId, ZERO_DIGEST } from "@concordat/protocol/ids";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import type { Update } from "@concordat/learning/aggregation/rule";
import type { TrajectoryState } from "./trajectory.ts";
import type { Federation } from "./federation.ts";

/** What a round's updates come to once they were sent. */
export interface Exchanged {
  /** w_G of the updates as everyone reads them. */
  readonly global: ModelTensors;
  /** What compression left unsaid, by name, for the trajectory's state: it is added to the next round's update. */
  readonly residuals: TrajectoryState["models"];
  /** Mean bytes of an update, header and all. */
  readonly up: number;
}

/**
 * Sends a round's updates as the experiment's compression says, and aggregates them. A residual moves on where its update was
 * accepted. The nodes themselves go on with their w_k as they trained them.
 * @param base w_G of the round before.
 */
export async function exchange(
  { compression, aggregate }: Federation,
  round: number,
  trained: readonly Update[],
  base: ModelTensors,
  state: TrajectoryState,
): Promise<Exchanged> {
  const slotOf = (memberId: number) => `residual ${memberId}`;
  const left = new Map<number, ModelTensors>();
  let bytes = 0;
  const sent = trained.map((update): Update => {
    const { memberId, tensors } = update;
    const before = state.models[slotOf(memberId)];
    const metadata = {
      role: "update",
      task: taskId(1),
      round,
      node: nodeId(memberId),
      base: ZERO_DIGEST,
    } as const;
    const encoded = encodeUpdate(metadata, tensors, base, compression, before);
    if (encoded.residual !== undefined) left.set(memberId, completed(encoded.residual, tensors));
    bytes += encoded.bytes.length;
    return { ...update, tensors: encoded.decoded };
  });
  const { tensors: global, accepted } = await aggregate(sent);
  const residuals: Record<string, ModelTensors> = {};
  for (const { memberId } of sent) {
    const slot = slotOf(memberId);
    const residual = accepted.includes(memberId) ? left.get(memberId) : state.models[slot];
    if (residual !== undefined) residuals[slot] = residual;
  }
  return { global, residuals, up: Math.round(bytes / sent.length) };
}

/** A residual with zeros for the statistics, which have none: then it has the tensors of every other model. */
function completed(residual: ModelTensors, like: ModelTensors): ModelTensors {
  return like.map(({ name, shape, data }) => {
    const known = residual.find((tensor) => tensor.name === name);
    return known ?? { name, shape, data: new Float32Array(data.length) };
  });
}
