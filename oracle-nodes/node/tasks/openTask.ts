import { join } from "node:path";
import { maxArtifactBytes } from "@concordat/protocol/artifacts/artifact";
import { maxUpdateBytes } from "@concordat/protocol/artifacts/compressedUpdate";
import { InputError } from "@concordat/protocol/errors";
import type { TaskId } from "@concordat/protocol/ids";
import { MANIFEST_LIMITS, decodeManifest } from "@concordat/protocol/manifest/manifest";
import { resultDomain } from "@concordat/protocol/messages/signedResults";
import { checkTaskContracts } from "@concordat/chain/contracts/checkTaskContracts";
import { loadTask } from "@concordat/learning/tasks/loadTask";
import { makeFolder } from "@concordat/files/durableFile";
import { checkScores } from "../rounds/checkScores.ts";
import { ErrorFeedback } from "../rounds/errorFeedback.ts";
import { LastTraining } from "../rounds/lastTraining.ts";
import { loadOwnDataset } from "./loadOwnDataset.ts";
import { ReceivedBytes } from "../rounds/receivedBytes.ts";
import type { Services } from "../services.ts";
import { sinceLast } from "./sinceLast.ts";
import { SignedResults } from "../rounds/signedResults.ts";
import { checkOwnRecords } from "../rounds/trainPrivately.ts";
import { openTaskData } from "./openTaskData.ts";
import type { ServedTask } from "./servedTask.ts";

/** Milliseconds for one attempt to fetch the manifest. */
const MANIFEST_TIMEOUT_MS = 15_000;

/**
 * Takes up a task that the node has joined.
 * @throws {InputError} when the task names other contracts than the address book, its terms contradict its manifest, or the
 *   node's data does not fit it.
 * @throws {ArtifactError} when the manifest cannot be fetched or used.
 */
export async function openTask(services: Services, taskId: TaskId, signal: AbortSignal): Promise<ServedTask> {
  const { chain, config, nodeId, store, peers, signer, folder, deployment } = services;
  const logger = services.logger.child({ task: taskId });
  const [terms, { memberId }] = await Promise.all([chain.terms(taskId), chain.member(taskId, nodeId)]);
  if (memberId === 0) throw new InputError(`Node ${nodeId} is not a member of task ${taskId}`);
  checkTaskContracts(chain.book, taskId, terms);

  const bytes = await store.get(terms.manifestDigest, {
    maxBytes: Math.min(MANIFEST_LIMITS.maxBytes, terms.maxArtifactBytes),
    timeoutMs: MANIFEST_TIMEOUT_MS,
    providers: async () => peers.providers(await peers.startersOf(taskId)),
    signal,
  });
  const manifest = decodeManifest(bytes);
  checkScores(terms, manifest);
  const { tensors } = manifest.model;
  const maxBytes = Math.min(terms.maxArtifactBytes, maxArtifactBytes(tensors));
  const maxUpdate = Math.min(terms.maxArtifactBytes, maxUpdateBytes(tensors, manifest.compression));
  const learning = await loadTask(manifest, {
    engine: config.engine,
    trainers: folder.trainers,
    dataset: await loadOwnDataset(manifest.dataset, config.dataset.dir),
  });
  const dir = folder.task(deployment, taskId);
  await makeFolder(dir);
  const data = await openTaskData({
    terms: manifest.dataset,
    dataset: learning.dataset,
    config: config.dataset,
    maxSamples: terms.maxSamples,
    seed: manifest.training.seed,
    dir,
    logger,
  });
  checkOwnRecords(services, { manifest }, data.train);
  const domain = resultDomain(chain.book.chainId, terms.coordinator);
  const signed = await SignedResults.open(join(dir, "signed"), signer, domain);
  const { name: engine, reason: engineReason } = learning.engine;
  const samples = data.train.indices.length;
  logger.info({ name: manifest.name, memberId, samples, engine, engineReason }, "serving the task");
  return {
    taskId,
    memberId,
    terms,
    manifest,
    learning,
    data,
    maxBytes,
    maxUpdateBytes: maxUpdate,
    signed,
    received: new ReceivedBytes((receivedBytes) => services.board.update(taskId, { receivedBytes })),
    sentBytes: sinceLast(() => store.sentBytes()),
    trained: new LastTraining(),
    feedback: new ErrorFeedback(dir, tensors, logger),
    dir,
    logger,
  };
}
