import { InputError } from "@concordat/protocol/errors";
import type { Address } from "@concordat/protocol/ids";
import type { EvaluationTerms } from "@concordat/protocol/manifest/manifest";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import type { TermsSettings } from "@concordat/protocol/terms/termsSettings";
import { TERMS } from "@concordat/protocol/terms/terms";
import type { TermsOfKind } from "@concordat/protocol/terms/terms";
import { momentWords } from "@concordat/protocol/words/timeWords";
import { TransactionReplacedError } from "@concordat/chain/contracts/chainError";
import { ContractError } from "@concordat/chain/contracts/contractError";
import type { TaskFiles } from "@concordat/learning/tasks/taskFiles";
import { checkPublishedPrivacy, privacyLines } from "@concordat/learning/privacy/taskPrivacy";
import type { ChainWriter } from "@concordat/chain/contracts/chainAccess";
import type { AccountOptions } from "../chainOptions.ts";
import { withWriter } from "../openChain.ts";
import { note, pairs, print, printJson } from "@concordat/console/output";
import { buildTask } from "@concordat/learning/tasks/buildTask";
import { buildTerms } from "../publish/buildTerms.ts";
import { checkPublication, throwFault } from "../publish/checkPublication.ts";
import type { Check, PublicationPlan } from "../publish/checkPublication.ts";
import { compressionTerms } from "../publish/compressionOptions.ts";
import { givenTraining } from "@concordat/learning/trainingOptions";
import { checkDelivery, putIntoKubo, serveFiles } from "../publish/delivery.ts";
import type { DeliveryOptions } from "../publish/delivery.ts";
import { nextSteps } from "../publish/nextSteps.ts";
import { privacyTerms } from "../publish/privacyOptions.ts";
import { PublicationFolder } from "../publish/publicationFolder.ts";
import { isSameTask } from "@concordat/protocol/terms/sameTerms";
import type { PublicationRecord } from "@concordat/protocol/terms/publicationRecord";
import { publishedData } from "../publish/publishedData.ts";
import { approveEscrow, findPublished, sendTerms } from "@concordat/chain/contracts/publishTerms";
import type { PublishedTask } from "@concordat/chain/contracts/publishTerms";
import type { PublishOptions } from "../publish/publishOptions.ts";
import { flagOf } from "../publish/termOption.ts";
import { newestBlock } from "../readTask.ts";
import { readableTerms } from "../readableTerms.ts";
import { amountFormat, readToken } from "@concordat/chain/contracts/token";
import { hostPort } from "./nodeInit.ts";

export interface TaskPublishOptions extends PublishOptions, AccountOptions {
  readonly out?: string;
  readonly kubo?: string;
  readonly serve?: string;
  readonly announce?: readonly string[];
  readonly dryRun?: true;
  readonly json?: true;
}

/**
 * `concordat task publish`: checks everything, writes the files just before it publishes, and takes them back where nothing was
 * published. With `--dry-run` it does the same checks, says each, and sends nothing.
 */
export async function runTaskPublish(options: TaskPublishOptions): Promise<void> {
  const delivery = deliveryOf(options);
  checkDelivery(delivery);
  const files = await taskFiles(options);
  checkPublishedPrivacy(files.manifest, options.maxSamples);
  const privacy = privacyLines(files.manifest, options.rounds, options.records ?? options.maxSamples);
  const folder = delivery.out === undefined ? undefined : await PublicationFolder.open(delivery.out, files);
  await withWriter(options, async (chain) => {
    const now = (await newestBlock(chain)).timestamp;
    const targetScore = scoreThatEnds(options, files.manifest.evaluation);
    const settings = { ...(await termsSettings(options, chain)), targetScore };
    const built = buildTerms(settings, files, chain.book.contracts, now);
    const found = folder?.pending === undefined ? undefined : await sentBefore(chain, folder.pending, built);
    if (found !== undefined && folder?.pending !== undefined) {
      note(`Task ${found.taskId} was published by an earlier run of this command, whose answer was lost`);
      if (options.dryRun) return;
      await folder.settle({ ...folder.pending, task: found.taskId });
      return tell(options, chain, built, found, privacy);
    }
    // What may still be on its way is offered as it was: of two transactions that are alike one counts.
    const terms = folder?.pending?.terms ?? built;
    const plan = { terms, files, delivery };
    if (options.dryRun) {
      const checks = await checkPublication(chain, plan);
      return showChecks(options, chain, { terms, files, checks, privacy, now });
    }
    const published = await publish(chain, plan, folder);
    await tell(options, chain, terms, published, privacy);
    if (delivery.serve !== undefined) await serveFiles(files, delivery.serve, delivery.announce);
  });
}

function deliveryOf({ out, kubo, serve, announce }: TaskPublishOptions): DeliveryOptions {
  return {
    ...(out !== undefined && { out }),
    ...(kubo !== undefined && { kubo }),
    ...(serve !== undefined && { serve: hostPort("--serve", serve) }),
    ...(announce !== undefined && { announce }),
  };
}

async function taskFiles(options: TaskPublishOptions): Promise<TaskFiles> {
  return buildTask({
    name: options.name,
    description: options.description,
    dataset: await publishedData(options),
    seed: options.seed,
    maeScale: options.maeScale,
    compression: compressionTerms(options),
    privacy: (training) => privacyTerms(options, { ...options, training }),
    ...(options.model !== undefined && { model: options.model }),
    ...givenTraining(options),
  });
}

/**
 * The task that an earlier run published from the same folder, if it did.
 * @throws {InputError} when the earlier run was about another task, chain or account than this one.
 */
async function sentBefore(
  chain: ChainWriter,
  pending: PublicationRecord,
  terms: TaskTerms,
): Promise<Omit<PublishedTask, "transaction"> | undefined> {
  const { chainId, contracts } = chain.book;
  const isHere =
    pending.chainId === chainId &&
    pending.taskRegistry === contracts.TaskRegistry &&
    pending.publisher === chain.account;
  if (!isHere || !isSameTask(pending.terms, terms)) {
    throw new InputError(
      "The --out folder holds a task that was sent with other settings, and its outcome is not known yet",
      {
        hint: "Repeat the options, account and chain used then to find out, or choose another folder",
      },
    );
  }
  return findPublished(chain, pending);
}

/**
 * Publishes. Checks, files and approval come before it is sent, unless an earlier run has sent it already. The files go where
 * nothing was published, and stay where that is not known.
 */
async function publish(
  chain: ChainWriter,
  plan: PublicationPlan,
  folder: PublicationFolder | undefined,
): Promise<PublishedTask> {
  const { terms, files, delivery } = plan;
  const record: PublicationRecord = folder?.pending ?? {
    chainId: chain.book.chainId,
    taskRegistry: chain.book.contracts.TaskRegistry,
    publisher: chain.account,
    tasksBefore: Number(await chain.contracts.taskRegistry.taskCount()),
    terms,
  };
  try {
    const published = await sendTerms(chain, terms, async () => {
      throwFault(await checkPublication(chain, plan));
      if (delivery.kubo !== undefined) {
        const provider = await putIntoKubo(delivery.kubo, files);
        note(`Kubo holds the files. Members give: --provider "${provider}"`);
      }
      await approveEscrow(chain, terms);
      await folder?.write(record);
    });
    await folder?.settle({ ...record, task: published.taskId });
    return published;
  } catch (error) {
    // What an earlier run sent may be published whatever is refused now.
    if (isRefusal(error) && folder?.pending === undefined) await folder?.remove();
    else if (folder?.isWritten === true)
      note(`The files stay in ${folder.path}: run the same command again to learn its outcome`);
    throw error;
  }
}

/** Whether an error says that nothing was published; after any other it may have been. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof InputError || error instanceof ContractError || error instanceof TransactionReplacedError
  );
}

async function tell(
  options: TaskPublishOptions,
  chain: ChainWriter,
  terms: TaskTerms,
  published: Omit<PublishedTask, "transaction">,
  privacy: readonly (readonly [string, string])[],
): Promise<void> {
  const { manifestDigest, initialModelDigest } = terms;
  if (options.json) return printJson({ ...published, manifestDigest, initialModelDigest });
  const { timestamp } = await newestBlock(chain);
  print(`Published task ${published.taskId}`);
  print(
    pairs([
      ["escrow", (await amountFormat(chain.provider, terms.rewardToken))(published.escrow)],
      ["manifest", manifestDigest],
      ["initial model", initialModelDigest],
      ["hard end", momentWords(published.hardEnd, timestamp)],
      ...privacy,
    ]),
  );
  nextSteps(published.taskId, options.out, terms).forEach(note);
}

interface DryRun {
  readonly terms: TaskTerms;
  readonly files: TaskFiles;
  readonly checks: readonly Check[];
  readonly privacy: readonly (readonly [string, string])[];
  readonly now: number;
}

/** Says every check and all terms. @throws {InputError} the fault for which the publication would be refused. */
async function showChecks(
  options: TaskPublishOptions,
  chain: ChainWriter,
  { terms, files, checks, privacy, now }: DryRun,
): Promise<void> {
  if (options.json) {
    const told = checks.map(({ name, finding, fault }) => ({ name, finding, ok: fault === undefined }));
    printJson({ terms, manifest: files.manifest, checks: told });
  } else {
    const reward = await amountFormat(chain.provider, terms.rewardToken);
    const stake = await amountFormat(chain.provider, terms.stakeToken);
    print("Terms");
    print(pairs([...readableTerms(terms, { now, reward, stake }), ...privacy]));
    print("\nChecked");
    print(pairs(checks.map(({ name, finding }) => [name, finding])));
  }
  throwFault(checks);
  note("Nothing was sent: leave out --dry-run to publish");
}

async function termsSettings(
  options: TaskPublishOptions,
  { account, provider }: ChainWriter,
): Promise<TermsSettings> {
  const amount = async (name: TermsOfKind<"amount">): Promise<bigint> => {
    const text = options[name];
    const { token: tokenName } = TERMS[name];
    const token = options[tokenName];
    if (/^0*(\.0*)?$/.test(text)) return 0n;
    if (token === undefined) {
      throw new InputError(`${flagOf(name)} needs ${flagOf(tokenName)}`, { hint: "Name the ERC-20 token" });
    }
    return (await readToken(provider, token)).parse(text);
  };
  return {
    ...options,
    strictReputation: options.strictReputation ?? false,
    penaliseUnavailable: options.penaliseUnavailable ?? false,
    penaliseSilent: options.penaliseSilent ?? false,
    rewardUnit: await amount("rewardUnit"),
    minStake: await amount("minStake"),
    slashBounty: await amount("slashBounty"),
    arbiter: options.arbiter ?? (account as Address),
    slashRecipient: options.slashRecipient ?? (account as Address),
  };
}

/** The score that ends the task, in the unit of the task's scores. */
function scoreThatEnds(
  { targetScore, targetError }: TaskPublishOptions,
  evaluation: EvaluationTerms,
): number {
  const isError = evaluation.metric === "mae";
  if (isError ? targetScore > 0 : targetError !== undefined) {
    const [given, wanted] = isError ? ["--target", "--target-error"] : ["--target-error", "--target"];
    throw new InputError(`${given} does not suit the dataset`, { hint: `Give ${wanted}` });
  }
  return isError ? Math.round((targetError ?? 0) * evaluation.scale) : targetScore;
}
