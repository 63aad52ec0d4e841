import type { Digest } from "@concordat/protocol/ids";
import { ArtifactError, InputError } from "@concordat/protocol/errors";
import { MANIFEST_LIMITS, decodeManifest } from "@concordat/protocol/manifest/manifest";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { taskId as asTaskId } from "@concordat/protocol/ids";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { parseEndpoints } from "@concordat/protocol/endpoints/endpoints";
import { fetchArtifact } from "@concordat/store/fetchArtifact";
import { gatewaySource } from "@concordat/store/gateway/gatewaySource";
import type { NodeConfig } from "@concordat/node/setup/nodeConfig";
import { readStatus } from "../actions/nodeAnnounce.ts";
import type { ChainReader } from "@concordat/chain/contracts/chainAccess";
import { upTo, inBatches } from "@concordat/chain/endpoints/inBatches";
import { readHeldArtifact } from "../nodeFolder.ts";
import { endpoints } from "../readTask.ts";

/** Milliseconds for one file. */
const TIMEOUT_MS = 30_000;
/** Nodes of the registry that are asked beside the members: the newest. */
const MAX_OTHERS = 64;

/**
 * Where the files of a task may be had, likeliest first: what was given, the node itself, its providers, the members, then
 * others of the registry, to one of which the publisher may have handed them.
 */
export async function providersOf(
  chain: ChainReader,
  taskId: number,
  config: NodeConfig,
  given: readonly string[],
): Promise<string[]> {
  const { taskRegistry, nodeRegistry } = chain.contracts;
  const own = (await readStatus(config.dataDir))?.endpoints;
  const { memberCount } = await taskRegistry.status(asTaskId(taskId));
  const members = await inBatches(upTo(memberCount), async (member) =>
    Number(await taskRegistry.nodeIdOfMember(taskId, member)),
  );
  const others = upTo(await nodeRegistry.nodeCount()).slice(-MAX_OTHERS);
  const served = await endpoints(chain, [...new Set([...members, ...others])]);
  return [...new Set([...given, ...(own === undefined ? [] : [own]), ...config.providers, ...served])];
}

/** A file of a task: from the node's own folder, else from whoever serves it, verified. @throws {ArtifactError} */
export async function taskFile(
  config: NodeConfig,
  digest: Digest,
  maxBytes: number,
  providers: readonly string[],
): Promise<Uint8Array> {
  const held = await readHeldArtifact(config, digest);
  if (held !== undefined) return held;
  const sources = providers.flatMap((provider) =>
    parseEndpoints(provider).gateways.map((gateway) => gatewaySource(gateway, provider)),
  );
  return (await fetchArtifact(digest, sources, { maxBytes, timeoutMs: TIMEOUT_MS })).bytes;
}

/** A task's manifest. @throws {InputError} when nobody who is asked has it, with the ways out. */
export async function taskManifest(
  config: NodeConfig,
  { manifestDigest, maxArtifactBytes }: TaskTerms,
  providers: readonly string[],
): Promise<{ readonly manifest: TaskManifest; readonly bytes: Uint8Array }> {
  const maxBytes = Math.min(MANIFEST_LIMITS.maxBytes, maxArtifactBytes);
  try {
    const bytes = await taskFile(config, manifestDigest, maxBytes, providers);
    return { manifest: decodeManifest(bytes), bytes };
  } catch (cause) {
    if (!(cause instanceof ArtifactError)) throw cause;
    throw new InputError(`The node's data cannot be checked against the task: ${cause.message}`, {
      hint: "Name who serves the task's files with --provider, add them with concordat artifact add, or give --skip-data-check",
      cause,
    });
  }
}
