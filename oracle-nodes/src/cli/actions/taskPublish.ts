import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "../../../../protocol/errors.ts";
import type { Address } from "../../../../protocol/ids.ts";
import type { EvaluationTerms } from "../../../../protocol/manifest.ts";
import type { TermsSettings } from "../../../../protocol/termsSettings.ts";
import { checkAnnounced } from "../../artifacts/endpoints.ts";
import { createHeliaStore } from "../../artifacts/heliaStore.ts";
import { createKuboStore } from "../../artifacts/kuboStore.ts";
import type { TaskFiles } from "../../learning/taskFiles.ts";
import { checkPublishedPrivacy, privacyLines } from "../../privacy/taskPrivacy.ts";
import type { ChainWriter } from "../chainAccess.ts";
import type { AccountOptions } from "../chainOptions.ts";
import { orInterrupted, untilInterrupted } from "../interruption.ts";
import { withWriter } from "../openChain.ts";
import { note, pairs, print, printJson } from "../output.ts";
import { buildTask } from "../publish/buildTask.ts";
import { buildTerms } from "../publish/buildTerms.ts";
import { compressionTerms } from "../publish/compressionOptions.ts";
import { privacyTerms } from "../publish/privacyOptions.ts";
import { nextSteps } from "../publish/nextSteps.ts";
import { publishedData } from "../publish/publishedData.ts";
import { checkEscrow, publishTerms } from "../publish/publishTerms.ts";
import type { PublishOptions } from "../publish/publishOptions.ts";
import { readableTerms } from "../readableTerms.ts";
import { amountFormat, readToken } from "../token.ts";
import { hostPort } from "./nodeInit.ts";

export interface TaskPublishOptions extends PublishOptions, AccountOptions {
  readonly out?: string;
  readonly kubo?: string;
  readonly serve?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `concordat task publish`: checks everything, puts the files where members can fetch them, then publishes. */
export async function runTaskPublish(options: TaskPublishOptions): Promise<void> {
  checkDelivery(options);
  const serve = options.serve === undefined ? undefined : hostPort("--serve", options.serve);
  // Known before anything is paid: what listens on every address must say which one members are to use.
  checkAnnounced([{ name: "publisher's store", at: serve }], undefined);
  const files = await buildTask({
    name: options.name,
    description: options.description,
    dataset: await publishedData(options),
    seed: options.seed,
    maeScale: options.maeScale,
    compression: compressionTerms(options),
    privacy: (training) => privacyTerms(options, { ...options, training }),
    ...(options.model !== undefined && { model: options.model }),
    ...(options.epochs !== undefined && { localEpochs: options.epochs }),
    ...(options.batch !== undefined && { batchSize: options.batch }),
    ...(options.lr !== undefined && { learningRate: options.lr }),
    ...(options.momentum !== undefined && { momentum: options.momentum }),
  });
  checkPublishedPrivacy(files.manifest, options.maxSamples);
  const privacy = privacyLines(files.manifest, options.rounds, options.records ?? options.maxSamples);
  await withWriter(options, async (chain) => {
    const block = await chain.provider.getBlock("latest");
    const target = targetScore(options, files.manifest.evaluation);
    const settings = { ...(await termsSettings(options, chain)), target };
    const terms = buildTerms(settings, files, chain.book.contracts, block?.timestamp ?? 0);
    if (options.dryRun) {
      if (options.json) printJson({ terms, manifest: files.manifest });
      else print(pairs([...readableTerms(terms), ...privacy]));
      return;
    }
    await checkEscrow(chain, terms);
    if (options.kubo !== undefined) await putIntoKubo(options.kubo, files);
    if (options.out !== undefined) await writeFiles(options.out, files);
    const published = await publishTerms(chain, terms);
    const { manifestDigest, initialModelDigest } = terms;
    if (options.json) printJson({ ...published, manifestDigest, initialModelDigest });
    else {
      print(`Published task ${published.taskId}`);
      print(
        pairs([
          ["escrow", (await amountFormat(chain.provider, terms.rewardToken))(published.escrow)],
          ["manifest", manifestDigest],
          ["initial model", initialModelDigest],
          ["hard end", new Date(published.hardEnd * 1000).toISOString()],
          ...privacy,
        ]),
      );
      nextSteps(published.taskId, options.out).forEach(note);
    }
    if (serve !== undefined) await serveFiles(files, serve);
  });
}

/** A task whose files nobody can fetch could never start. */
function checkDelivery({ out, kubo, serve, dryRun }: TaskPublishOptions): void {
  if (out === undefined && kubo === undefined && serve === undefined && !dryRun) {
    throw new InputError("It is not said how members get the manifest and the initial model", {
      hint: "Give --out DIR (a member adds them to its store), --kubo URL or --serve HOST:PORT",
    });
  }
  if (out !== undefined && existsSync(join(out, "manifest.json"))) {
    throw new InputError(`${out} holds a task already`, { hint: "Choose another folder with --out" });
  }
}

async function termsSettings(
  options: TaskPublishOptions,
  { account, provider }: ChainWriter,
): Promise<TermsSettings> {
  const { rewardToken, stakeToken } = options;
  const amount = async (token: Address | undefined, text: string, option: string): Promise<bigint> => {
    if (/^0*(\.0*)?$/.test(text)) return 0n;
    if (token === undefined) {
      const name = option === "--reward" ? "--reward-token" : "--stake-token";
      throw new InputError(`${option} needs ${name}`, { hint: "Name the ERC-20 token" });
    }
    return (await readToken(provider, token)).parse(text);
  };
  return {
    ...options,
    strict: options.strict ?? false,
    penaliseUnavailable: options.penaliseUnavailable ?? false,
    penaliseSilent: options.penaliseSilent ?? false,
    rewardUnit: await amount(rewardToken, options.reward, "--reward"),
    minStake: await amount(stakeToken, options.minStake, "--min-stake"),
    slashBounty: await amount(stakeToken, options.slashBounty, "--slash-bounty"),
    arbiter: options.arbiter ?? (account as Address),
    slashRecipient: options.slashRecipient ?? (account as Address),
  };
}

/** The score that ends the task, in the unit of the task's scores. */
function targetScore({ target, targetError }: TaskPublishOptions, evaluation: EvaluationTerms): number {
  const isError = evaluation.metric === "mae";
  if (isError ? target > 0 : targetError !== undefined) {
    const [given, wanted] = isError ? ["--target", "--target-error"] : ["--target-error", "--target"];
    throw new InputError(`${given} does not suit the dataset`, { hint: `Give ${wanted}` });
  }
  return isError ? Math.round((targetError ?? 0) * evaluation.scale) : target;
}

async function writeFiles(dir: string, { manifestFile, initialModel }: TaskFiles): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, "initial-model.safetensors"), initialModel.bytes, { flag: "wx" });
    await writeFile(join(dir, "manifest.json"), manifestFile.bytes, { flag: "wx" });
  } catch (cause) {
    throw new InputError(`The files cannot be written to ${dir}`, {
      hint: "Choose another folder with --out",
      cause,
    });
  }
}

async function putIntoKubo(url: string, { manifestFile, initialModel }: TaskFiles): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "concordat-publish-"));
  try {
    const store = await createKuboStore({ url, dir });
    for (const { bytes } of [manifestFile, initialModel]) await store.put(bytes);
    note(`Kubo serves the files. Members name it as provider: ${store.endpoints()}`);
    await store.close();
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function serveFiles(
  { manifestFile, initialModel }: TaskFiles,
  gatewayListen: ReturnType<typeof hostPort>,
): Promise<never> {
  const signal = untilInterrupted();
  const dir = await mkdtemp(join(tmpdir(), "concordat-publish-"));
  try {
    const store = await createHeliaStore({ dir, gatewayListen });
    try {
      for (const { bytes } of [manifestFile, initialModel]) await store.put(bytes);
      note(
        `Serving the files until Ctrl-C. Members name this as provider in their configuration: ${store.endpoints()}`,
      );
      return await orInterrupted(new Promise<never>(() => undefined), signal);
    } finally {
      await store.close();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
