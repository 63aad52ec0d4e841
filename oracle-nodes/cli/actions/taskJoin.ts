import { MemberStatus, enumName, enumValue } from "@concordat/protocol/contracts/enums";
import type { ForeignAddress } from "@concordat/protocol/contracts/foreignContracts";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { dateWords, durationWords } from "@concordat/protocol/words/timeWords";
import type { NodeConfig } from "@concordat/node/setup/nodeConfig";
import type { ChainWriter } from "@concordat/chain/contracts/chainAccess";
import type { AccountOptions } from "../chainOptions.ts";
import { checkOwnData } from "../join/checkOwnData.ts";
import { confirmAccounts, sentence, tokenWords } from "../join/confirmAccounts.ts";
import { providersOf, taskFile, taskManifest } from "../join/taskFiles.ts";
import { readNodeConfig } from "@concordat/node/setup/nodeConfigFile";
import { addArtifacts } from "../nodeStore.ts";
import { withWriter } from "../openChain.ts";
import { note, pairs, print, printJson } from "@concordat/console/output";
import { ownNode } from "../ownNode.ts";
import { readTaskTerms } from "../taskTerms.ts";
import { amountFormat } from "@concordat/chain/contracts/token";
import { MEMBER_WORDS, countWords } from "@concordat/protocol/words/enumWords";

export interface JoinOptions extends AccountOptions {
  readonly trust?: readonly string[];
  readonly skipDataCheck?: true;
  readonly provider?: readonly string[];
  readonly json?: true;
}

/**
 * `concordat task join`: first that every account with power was confirmed, then that the node's own data fits, then, with
 * `--provider`, that the node has the task's files; only then it pays.
 */
export async function runJoin(taskId: number, options: JoinOptions): Promise<void> {
  const config = options.config === undefined ? undefined : await readNodeConfig(options.config);
  await withWriter(options, async (chain) => {
    const { taskRegistry } = chain.contracts;
    const node = await ownNode(chain);
    const terms = await readTaskTerms(chain, taskId);
    const { publisher } = await taskRegistry.status(taskId);
    const foreign = confirmAccounts({ taskId, terms, publisher }, chain.book, options.trust ?? []);
    const told = [
      ...(await prepareData(chain, taskId, terms, config, options)),
      ...(await consent(chain, terms, foreign)),
    ];
    // Before it is given, so that who reads it can still stop the command.
    if (!options.json && told.length > 0) print(`Before node ${node} joins task ${taskId}:\n${pairs(told)}`);
    const before = enumValue(MemberStatus, (await taskRegistry.member(taskId, node)).status);
    // A join whose answer was lost is found here when the command is given again.
    const isIn = before === MemberStatus.Active || before === MemberStatus.Joining;
    if (!isIn) await chain.send("taskRegistry", "joinTask", [taskId, node]);
    const member = await taskRegistry.member(taskId, node);
    const status = enumValue(MemberStatus, member.status);
    const memberId = Number(member.memberId);
    if (options.json) {
      const json = {
        task: taskId,
        node,
        memberId,
        status: enumName(MemberStatus, status),
        arbiter: terms.arbiter,
      };
      return printJson(json);
    }
    const number = memberId > 0 ? `, as member ${memberId}` : "";
    print(`Node ${node} in task ${taskId}: ${MEMBER_WORDS[status]}${number}${isIn ? ", as before" : ""}`);
  });
}

/** Checks the node's data and brings it the task's files. What was not done is said. */
async function prepareData(
  chain: ChainWriter,
  taskId: number,
  terms: TaskTerms,
  config: NodeConfig | undefined,
  { skipDataCheck, provider = [] }: JoinOptions,
): Promise<(readonly [string, string])[]> {
  if (config === undefined) {
    if (skipDataCheck !== true)
      note("Note: the node's data was not checked against the task, since --config was not given");
    return [];
  }
  if (skipDataCheck === true && provider.length === 0) return [["data", "not checked"]];
  const providers = await providersOf(chain, taskId, config, provider);
  const { manifest, bytes } = await taskManifest(config, terms, providers);
  const lines: (readonly [string, string])[] = [];
  if (skipDataCheck === true) lines.push(["data", "not checked"]);
  else {
    const { train, validation } = await checkOwnData(config, terms, manifest);
    const records = `${countWords(train, "record")} to train on, ${validation} to validate with`;
    lines.push(["data", `fits ${manifest.dataset.name}: ${records}`]);
  }
  if (provider.length > 0) {
    const { initialModelDigest, maxArtifactBytes } = terms;
    const model = await taskFile(config, initialModelDigest, maxArtifactBytes, providers);
    await addArtifacts(config, [bytes, model]);
    lines.push(["files", "manifest and initial model are in the node's store"]);
  }
  return lines;
}

/** What joining is consent to, where it costs most. */
async function consent(
  { provider, book, contracts }: ChainWriter,
  terms: TaskTerms,
  foreign: readonly ForeignAddress[],
): Promise<(readonly [string, string])[]> {
  const lines: (readonly [string, string])[] = foreign.map((account) => [
    account.mustConfirm ? "confirmed" : "named",
    sentence(account),
  ]);
  const served = foreign.some(({ expected }) => expected !== undefined);
  if (served) {
    note("Note: a node serves a task only where its own address book names the task's contracts");
  }
  if (terms.rewardUnit > 0n) lines.push(["reward token", tokenWords(terms.rewardToken, book)]);
  if (terms.minStake === 0n) return lines;
  const stake = await amountFormat(provider, terms.stakeToken);
  const held = await contracts.stakeVault.unbondingPeriod();
  return [
    ...lines,
    ["stake token", tokenWords(terms.stakeToken, book)],
    [
      "at stake",
      `all of the node's stake in it, at least ${stake(terms.minStake)}, until ${durationWords(terms.disputeWindowSeconds)} ` +
        `after the task's hard end (it starts no round after ${dateWords(terms.timeLimit)})`,
    ],
    ["comes back", `${durationWords(Number(held))} after concordat stake unbond`],
  ];
}
