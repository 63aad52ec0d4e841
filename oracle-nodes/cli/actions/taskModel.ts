import { readFile, writeFile } from "node:fs/promises";
import { digest as asDigest } from "@concordat/protocol/ids";
import { InputError } from "@concordat/protocol/errors";
import type { NodeConfig } from "@concordat/node/setup/nodeConfig";
import type { ChainReader } from "@concordat/chain/contracts/chainAccess";
import { providersOf, taskFile } from "../join/taskFiles.ts";
import { readNodeConfig } from "@concordat/node/setup/nodeConfigFile";
import { newestModel, taskFolder } from "../nodeFolder.ts";
import { withReader } from "../openChain.ts";
import { print, printJson } from "@concordat/console/output";
import { readTaskTerms } from "../taskTerms.ts";
import { bytesWords } from "@concordat/protocol/words/enumWords";

export interface TaskModelOptions {
  readonly config: string;
  readonly out: string;
  readonly global?: true;
  readonly json?: true;
}

/** A model with what it is, in words. */
interface NamedModel {
  readonly kind: "personalised" | "global";
  readonly round: number;
  readonly bytes: Uint8Array;
  readonly about: string;
}

/** `concordat task model`: copies a task's model out of the node, which may run or not. */
export async function runTaskModel(taskId: number, options: TaskModelOptions): Promise<void> {
  const config = await readNodeConfig(options.config);
  const { kind, round, bytes, about } = await withReader(options, async (chain) =>
    options.global ? globalModel(chain, taskId, config) : personalisedModel(chain, taskId, config),
  );
  await writeNew(options.out, bytes);
  if (options.json) printJson({ file: options.out, task: taskId, kind, round, bytes: bytes.length });
  else print(`Wrote ${options.out}: ${about}, ${bytesWords(bytes.length)} as safetensors`);
}

/** This node's w_kp = alpha w_k + (1 - alpha) w_G of the last round in which it trained. */
async function personalisedModel(
  chain: ChainReader,
  taskId: number,
  config: NodeConfig,
): Promise<NamedModel> {
  await readTaskTerms(chain, taskId);
  const folder = await taskFolder(chain, config, taskId);
  const model = await newestModel(folder);
  if (model === undefined) {
    throw new InputError(
      `The node has no personalised model of task ${taskId} yet; it would be in ${folder}`,
      {
        hint: "Wait for the first finalised round in which it trains, or copy the global model with --global",
      },
    );
  }
  const { round, file } = model;
  const bytes = new Uint8Array(await readFile(file));
  return {
    kind: "personalised",
    round,
    bytes,
    about: `this node's personalised model of task ${taskId} after round ${round}`,
  };
}

/** w_G of the last finalised round, verified against the digest on chain. */
async function globalModel(chain: ChainReader, taskId: number, config: NodeConfig): Promise<NamedModel> {
  const { taskRegistry, roundCoordinator } = chain.contracts;
  const { maxArtifactBytes, initialModelDigest } = await readTaskTerms(chain, taskId);
  const view = await roundCoordinator.roundOf(taskId);
  const { roundsPlayed } = await taskRegistry.status(taskId);
  // The base of the open round is the last finalised round's aggregate, after the end too.
  const digest = Number(view.round) === 0 ? initialModelDigest : asDigest(view.base);
  const isInitial = digest === initialModelDigest;
  const round = isInitial ? 0 : Math.max(Number(roundsPlayed), Number(view.round) - 1);
  const bytes = await taskFile(
    config,
    digest,
    maxArtifactBytes,
    await providersOf(chain, taskId, config, []),
  );
  const about = isInitial
    ? `the initial model of task ${taskId}: no round is finalised yet`
    : `the global model of task ${taskId} after round ${round}`;
  return { kind: "global", round, bytes, about };
}

async function writeNew(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes, { flag: "wx" });
  } catch (cause) {
    const exists = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    throw new InputError(exists ? `${file} already exists` : `${file} cannot be written`, {
      hint: "Choose another file with --out: nothing is overwritten",
      cause,
    });
  }
}
