import { encodeUpdate } from "../../../protocol/compressedUpdate.ts";
import { nodeId, taskId, ZERO_DIGEST } from "../../../protocol/ids.ts";
import type { ModelTensors } from "../../../protocol/tensors.ts";
import type { Update } from "../aggregation/rule.ts";
import type { ChainState } from "./chain.ts";
import type { Federation } from "./federation.ts";

/** A round's updates as everyone reads them once they were sent. */
export interface Exchanged {
  readonly updates: readonly Update[];
  /** What compression left unsaid, by name, for the chain's state: it is added to the next round's update. */
  readonly residuals: ChainState["models"];
  /** Mean bytes of an update, header and all. */
  readonly up: number;
}

/** Sends a round's updates as the experiment's compression says. @param base w_G of the round before. */
export function exchange(
  { compression }: Federation,
  round: number,
  trained: readonly Update[],
  base: ModelTensors,
  state: ChainState,
): Exchanged {
  const residuals: Record<string, ModelTensors> = {};
  let bytes = 0;
  const updates = trained.map((update): Update => {
    const { memberId, tensors } = update;
    const slot = `residual ${memberId}`;
    const metadata = {
      role: "update",
      task: taskId(1),
      round,
      node: nodeId(memberId),
      base: ZERO_DIGEST,
    } as const;
    const encoded = encodeUpdate(metadata, tensors, base, compression, state.models[slot]);
    if (encoded.residual !== undefined) residuals[slot] = completed(encoded.residual, tensors);
    bytes += encoded.bytes.length;
    return { ...update, tensors: encoded.decoded };
  });
  return { updates, residuals, up: Math.round(bytes / updates.length) };
}

/** A residual with zeros for the statistics, which have none: then it has the tensors of every other model. */
function completed(residual: ModelTensors, like: ModelTensors): ModelTensors {
  return like.map(({ name, shape, data }) => {
    const known = residual.find((tensor) => tensor.name === name);
    return known ?? { name, shape, data: new Float32Array(data.length) };
  });
}
