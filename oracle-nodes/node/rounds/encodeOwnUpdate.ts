import type { ArtifactMetadata } from "@concordat/protocol/artifacts/artifact";
import { encodeUpdate } from "@concordat/protocol/artifacts/compressedUpdate";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import { globalModel } from "./models.ts";
import type { ServedTask } from "../tasks/servedTask.ts";
import type { Services } from "../services.ts";

/** Makes the bytes of an update from what was trained. */
export type UpdateEncoder = (metadata: ArtifactMetadata, local: ModelTensors) => Promise<Uint8Array>;

/**
 * Prepares the encoding of the node's update as the task wants it: everything that needs others is read now, before the
 * training, which must not be done twice for an endpoint that fails after it. Where updates are compressed, the change is
 * against w_G^{t-1} even where training started from the personalised model, and w_k and the residual are on the disk when
 * the encoder resolves, so that nothing is signed before.
 */
export async function updateEncoder(
  services: Services,
  task: ServedTask,
  { round, base }: Pick<ArtifactMetadata, "round" | "base">,
  signal: AbortSignal,
): Promise<UpdateEncoder> {
  const { taskId, memberId, manifest, feedback } = task;
  if (manifest.compression.kind === "none")
    return async (metadata, local) => encodeUpdate(metadata, local, [], manifest.compression).bytes;
  const global = await globalModel(services, task, base, round - 1, [], signal);
  const start = await feedback.residualBefore(round, (earlier) =>
    services.chain.isAccepted(taskId, earlier, memberId),
  );
  return async (metadata, local) => {
    const { bytes, residual = [] } = encodeUpdate(
      metadata,
      local,
      global,
      manifest.compression,
      start?.tensors,
    );
    await feedback.keep(metadata, local, residual, start?.round);
    return bytes;
  };
}
