import { currencyWords } from "@concordat/protocol/words/currencyWords";
import { InputError } from "@concordat/protocol/errors";
import { termsToAbi } from "@concordat/protocol/terms/taskTerms";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { contractErrorOf } from "@concordat/chain/contracts/contractError";
import type { TaskFiles } from "@concordat/learning/tasks/taskFiles";
import type { ChainWriter } from "@concordat/chain/contracts/chainAccess";
import { NO_PERMIT } from "@concordat/protocol/terms/noPermit";
import { checkBalance, readToken } from "@concordat/chain/contracts/token";
import { bytesWords, countWords } from "@concordat/protocol/words/enumWords";
import { checkKubo, checkListen } from "./delivery.ts";
import type { DeliveryOptions } from "./delivery.ts";
import { flagsAbout } from "./termOption.ts";

/** Gas beside that of the bare publication: taking the escrow, and approving it before. */
const ESCROW_GAS = 150_000n;
/** What is held ready above the estimate, in percent: fees move between the check and the block. */
const GAS_RESERVE = 125n;

/** One thing that was looked at before a publication. */
export interface Check {
  readonly name: string;
  /** In words, when all is well. */
  readonly finding: string;
  /** Why the publication would be refused. */
  readonly fault?: InputError;
}

/** What a publication is checked with. */
export interface PublicationPlan {
  readonly terms: TaskTerms;
  readonly files: TaskFiles;
  readonly delivery: DeliveryOptions;
}

/** Everything that is looked at before a task is published, whether it is then published or not: all of it, each with its result. */
export async function checkPublication(chain: ChainWriter, plan: PublicationPlan): Promise<Check[]> {
  const { terms, files, delivery } = plan;
  const { kubo, serve } = delivery;
  const sizes = [files.manifestFile, files.initialModel].map(({ bytes }) => bytesWords(bytes.length));
  const checks: Check[] = [
    { name: "files", finding: `manifest ${sizes[0]}, initial model ${sizes[1]}` },
    ...(kubo === undefined
      ? []
      : [await check("Kubo", async () => `version ${await checkKubo(kubo)} answers`)]),
    ...(serve === undefined
      ? []
      : [
          await check("serving", async () => {
            await checkListen(serve);
            return `${serve.host}:${serve.port} is free`;
          }),
        ]),
    await check("terms", async () => {
      await checkTerms(chain, terms);
      return "the contract accepts them";
    }),
    await check("escrow", async () => checkEscrow(chain, terms)),
  ];
  // Gas can be estimated only for what the contract takes.
  if (checks.every(({ fault }) => fault === undefined))
    checks.push(await check("gas", async () => checkGas(chain, terms)));
  checks.push({ name: "nodes", finding: await nodesFinding(chain, terms) });
  return checks;
}

/** @throws {InputError} the first fault among checks, with the number of further ones. */
export function throwFault(checks: readonly Check[]): void {
  const [first, ...others] = checks.flatMap(({ fault }) => fault ?? []);
  if (first === undefined) return;
  if (others.length === 0) throw first;
  throw new InputError(`${first.message} (and ${countWords(others.length, "more problem")})`, {
    ...(first.hint !== undefined && { hint: first.hint }),
    cause: first,
  });
}

async function check(name: string, work: () => Promise<string>): Promise<Check> {
  try {
    return { name, finding: await work() };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { name, finding: `refused: ${error.oneLine}`, fault: error };
  }
}

/**
 * Asks the contract itself, as if the task were published now but paid nothing: its rules are all checked before it takes the
 * escrow, which is not approved yet and so could not be taken.
 * @throws {InputError} with the contract's reason.
 */
export async function checkTerms({ contracts, account }: ChainWriter, terms: TaskTerms): Promise<void> {
  const { taskRegistry } = contracts;
  const unpaid = termsToAbi({ ...terms, rewardUnit: 0n });
  await refusedAsInput("publish", async () =>
    taskRegistry.publish.staticCall(unpaid, NO_PERMIT, { from: account }),
  );
}

/**
 * The escrow of the task's worst case.
 * @throws {InputError} when the publisher does not own the reward tokens that it needs.
 */
export async function checkEscrow(
  { contracts, provider, account }: ChainWriter,
  terms: TaskTerms,
): Promise<string> {
  const escrow = await contracts.taskRegistry.escrowFor(termsToAbi(terms));
  if (escrow === 0n) return "none";
  const token = await readToken(provider, terms.rewardToken);
  await checkBalance(token, account, escrow);
  return `${token.format(escrow)}, which the account has`;
}

async function checkGas({ contracts, provider, account }: ChainWriter, terms: TaskTerms): Promise<string> {
  const unpaid = termsToAbi({ ...terms, rewardUnit: 0n });
  const bare = await refusedAsInput("publish", async () =>
    contracts.taskRegistry.publish.estimateGas(unpaid, NO_PERMIT, { from: account }),
  );
  const gas = terms.rewardUnit === 0n ? bare : bare + ESCROW_GAS;
  const { maxFeePerGas, gasPrice } = await provider.getFeeData();
  const cost = (gas * (maxFeePerGas ?? gasPrice ?? 0n) * GAS_RESERVE) / 100n;
  const balance = await provider.getBalance(account);
  if (balance < cost) {
    throw new InputError(
      `Account ${account} has ${currencyWords(balance)} of the chain's currency, but needs up to ${currencyWords(cost)} for gas`,
      { hint: "Send it some more" },
    );
  }
  return `about ${gas.toLocaleString("en")}, at most ${currencyWords(cost)} of the chain's currency; the account has ${currencyWords(balance)}`;
}

/** Says whether enough nodes exist; a task may wait for more. */
async function nodesFinding({ contracts }: ChainWriter, { minNodes }: TaskTerms): Promise<string> {
  const members = Number(await contracts.nodeRegistry.memberCount());
  const there = `the registry has ${countWords(members, "member node")}`;
  return members >= minNodes
    ? `${there}, ${minNodes} must join`
    : `Note: ${there}, but ${minNodes} must join before the task starts`;
}

/** What a contract says before anything was sent is about what it was given. */
async function refusedAsInput<T>(label: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const refusal = contractErrorOf(error)?.named(label);
    if (refusal === undefined) throw error;
    throw new InputError(refusal.message, {
      facts: refusal.facts,
      hint: `Nothing was sent: correct ${flagsAbout(refusal.errorName) ?? "the option that sets this term"}`,
      cause: error,
    });
  }
}
