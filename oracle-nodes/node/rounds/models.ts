import { decodeArtifact, INITIAL_MODEL } from "@concordat/protocol/artifacts/artifact";
import { ArtifactError } from "@concordat/protocol/errors";
import type { Digest, NodeId } from "@concordat/protocol/ids";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import type { ServedTask } from "../tasks/servedTask.ts";
import type { Services } from "../services.ts";
import type { Signed } from "./signedResults.ts";

/** Milliseconds for one attempt to fetch a model. */
const FETCH_TIMEOUT_MS = 30_000;

/**
 * The global model w_G^round by its digest: the publisher's initial model for round 0.
 * @param holders Nodes that should hold it, likeliest first; all members are asked after them, for the initial model others of the registry
 *   too.
 * @throws {ArtifactError} when nobody has it, or it is not a global model of this task and round.
 */
export async function globalModel(
  { store, peers }: Services,
  { taskId, terms, manifest, maxBytes, received }: ServedTask,
  digest: Digest,
  round: number,
  holders: readonly NodeId[],
  signal: AbortSignal,
): Promise<ModelTensors> {
  const isHeld = await store.has(digest);
  let asked: NodeId[] = [];
  const providers = async (): Promise<string[]> => {
    const others = round === 0 ? await peers.startersOf(taskId) : await peers.membersOf(taskId);
    asked = [...new Set([...holders, ...others])];
    return peers.providers(asked);
  };
  const fetched = store.get(digest, { maxBytes, timeoutMs: FETCH_TIMEOUT_MS, providers, signal });
  fetched.catch(() => asked.forEach((nodeId) => peers.suspect(nodeId)));
  const bytes = await fetched;
  if (!isHeld) received.add(bytes);
  const specs = manifest.model.tensors;
  if (round === 0) {
    if (digest !== terms.initialModelDigest)
      throw new ArtifactError(`${digest} is not the task's initial model`);
    return decodeArtifact(bytes, { specs, ...INITIAL_MODEL }).tensors;
  }
  return decodeArtifact(bytes, { specs, role: "global", task: taskId, round }).tensors;
}

/**
 * The node's own w_k, as it trained it, behind a signed update: the update itself, or the model kept beside it where
 * updates are compressed. An update that was lost or damaged here is had back from whoever fetched it. Undefined where
 * nobody has it any more.
 */
export async function localModel(
  { store, nodeId, peers }: Services,
  { taskId, manifest, maxBytes, feedback, logger }: ServedTask,
  { value }: Signed<"LocalUpdate">,
  signal: AbortSignal,
): Promise<ModelTensors | undefined> {
  const round = Number(value.round);
  if (manifest.compression.kind !== "none") return feedback.localModel(round, value.base as Digest);
  const digest = value.digest as Digest;
  const isHeld = await store.has(digest);
  const providers = async (): Promise<string[]> => peers.providers(await peers.membersOf(taskId));
  let bytes: Uint8Array;
  try {
    bytes = await store.get(digest, { maxBytes, timeoutMs: FETCH_TIMEOUT_MS, providers, signal });
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    logger.warn(
      { round, digest, problem: error.message },
      "this node's update is lost, and nobody serves it",
    );
    return undefined;
  }
  if (!isHeld) logger.info({ round, digest }, "this node's update was lost here and is back: others had it");
  const expected = {
    specs: manifest.model.tensors,
    role: "update",
    task: taskId,
    round,
    node: nodeId,
  } as const;
  return decodeArtifact(bytes, expected).tensors;
}
