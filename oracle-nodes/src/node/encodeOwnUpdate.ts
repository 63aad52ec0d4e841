import type { ArtifactMetadata } from "../../../protocol/artifact.ts";
import { encodeUpdate } from "../../../protocol/compressedUpdate.ts";
import type { ModelTensors } from "../../../protocol/tensors.ts";
import { globalModel } from "./models.ts";
import type { ServedTask } from "./openTask.ts";
import type { Services } from "./services.ts";

/**
 * The bytes of the node's update as the task wants it. Where it is compressed, the change is against w_G^{t-1} even where
 * training started from the personalised model, and w_k and the residual are on the disk when this resolves, so that
 * nothing is signed before.
 */
export async function encodeOwnUpdate(
  services: Services,
  task: ServedTask,
  metadata: ArtifactMetadata,
  local: ModelTensors,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { taskId, memberId, manifest, feedback } = task;
  const { round, base } = metadata;
  if (manifest.compression.kind === "none")
    return encodeUpdate(metadata, local, [], manifest.compression).bytes;
  const global = await globalModel(services, task, base, round - 1, [], signal);
  const start = await feedback.residualBefore(round, (earlier) =>
    services.chain.isAccepted(taskId, earlier, memberId),
  );
  const { bytes, residual = [] } = encodeUpdate(
    metadata,
    local,
    global,
    manifest.compression,
    start?.tensors,
  );
  await feedback.keep(metadata, local, residual, start?.round);
  return bytes;
}
