import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Wallet } from "ethers";
import type { Interface } from "ethers";
import pino from "pino";
import { parseAddressBook } from "../../../protocol/addressBook.ts";
import type { AddressBook } from "../../../protocol/addressBook.ts";
import { InputError } from "../../../protocol/errors.ts";
import type { Address } from "../../../protocol/ids.ts";
import { connectChain, connectProvider } from "../chain/connectChain.ts";
import { ContractError } from "../chain/contractError.ts";
import { lastApproval, moverGas } from "../chain/moverGas.ts";
import { nameDeployment } from "../chain/nameDeployment.ts";
import { openKeystore } from "../node/keystore.ts";
import { bindContracts } from "./chainAccess.ts";
import type { ChainReader, ChainWriter, Contracts } from "./chainAccess.ts";
import type { AccountOptions, ChainOptions } from "./chainOptions.ts";
import { readNodeConfig } from "./nodeConfigFile.ts";
import { note } from "./output.ts";
import { askPassword } from "./password.ts";
import { readToken } from "./token.ts";

const POLL_MS = 250;
/** Seconds after which a command stops waiting for a transaction of which nobody says anything. */
const WAIT_SECONDS = 60;
const BOOK_NAMES: Readonly<Record<keyof Contracts, keyof AddressBook["contracts"]>> = {
  nodeRegistry: "NodeRegistry",
  taskRegistry: "TaskRegistry",
  stakeVault: "StakeVault",
  rewardLedger: "RewardLedger",
  roundCoordinator: "RoundCoordinator",
};

/** Reads the address book that a deployment wrote. @throws {InputError} when it is missing or malformed. */
export async function readAddressBook(file: string): Promise<AddressBook> {
  const hint = "Give the file that the deployment wrote";
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new InputError(`The address book ${file} cannot be read`, { hint, cause });
  }
  try {
    return parseAddressBook(JSON.parse(text));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new InputError(`The address book ${file} is not JSON`, { hint, cause });
  }
}

/** Where the chain and its address book are. @throws {InputError} when one of them is not given. */
export async function findChain(
  options: ChainOptions,
): Promise<{ rpcUrl: string | readonly string[]; addressBook: AddressBook }> {
  const config = options.config === undefined ? undefined : await readNodeConfig(options.config);
  const url = options.rpc ?? config?.rpcUrl ?? process.env["CONCORDAT_RPC"];
  const book = options.addressBook ?? config?.addressBook ?? process.env["CONCORDAT_ADDRESS_BOOK"];
  if (url === undefined) {
    throw new InputError("It is not said where the chain is", {
      hint: "Give --rpc URL, or --config FILE of a node",
    });
  }
  if (book === undefined) {
    throw new InputError("It is not said where the contracts are", {
      hint: "Give --address-book FILE, or --config FILE of a node",
    });
  }
  return { rpcUrl: url, addressBook: await readAddressBook(book) };
}

/** Connects for reading. @throws {InputError} when endpoint, chain or contracts are not as the options say. */
export async function openReader(options: ChainOptions): Promise<ChainReader> {
  const { rpcUrl, addressBook: book } = await findChain(options);
  const provider = await connectProvider(rpcUrl, book);
  return {
    provider,
    rpcUrl,
    book,
    contracts: bindContracts(book, provider),
    close: async () => provider.destroy(),
  };
}

/** Connects with an account. The keystore is opened first. @throws {InputError} also for keystore or password. */
export async function openWriter(options: AccountOptions): Promise<ChainWriter> {
  const file =
    options.keystore ?? (options.config && join(dirname(resolve(options.config)), "operator.json"));
  if (file === undefined) {
    throw new InputError("It is not said which account pays and signs", { hint: "Give --keystore FILE" });
  }
  const wallet = await openKeystore(file, await askPassword(options, file));
  const { rpcUrl: url, addressBook } = await findChain(options);
  return connectWriter(url, addressBook, wallet, options);
}

/**
 * Connects an account to the contracts of an address book. What it sends is kept on the disk until its end is known.
 * @param options Folder in which it is kept, and seconds to wait for news of it.
 * @throws {InputError} when they are not there.
 */
export async function connectWriter(
  rpcUrl: string | readonly string[],
  book: AddressBook,
  signer: Wallet,
  { state = stateFolder(), wait = WAIT_SECONDS }: { readonly state?: string; readonly wait?: number } = {},
): Promise<ChainWriter> {
  const gateway = await connectChain({
    rpcUrl,
    addressBook: book,
    confirmations: 0,
    pollMs: POLL_MS,
    signer,
    logger: pino({ level: "silent" }),
    earlier: "finish",
    onEarlier: note,
    giveUpAfterMs: wait * 1000,
    journal: async (provider) =>
      join(state, "transactions", await nameDeployment(provider, book), signer.address),
  });
  const { provider, sender } = gateway;
  const contracts = bindContracts(book, provider);
  const { signal } = new AbortController();
  return {
    provider,
    rpcUrl,
    book,
    contracts,
    account: signer.address,
    send: async (contract, method, args, { first, intent } = {}) => {
      const to = book.contracts[BOOK_NAMES[contract]];
      const data = (contracts[contract].interface as Interface).encodeFunctionData(method, args);
      const request = {
        to,
        data,
        label: method,
        ...(intent !== undefined && { intent }),
        // Somebody else's vote may come first, and this one then admits the node.
        ...(method === "vote" && {
          extraGas: async () =>
            moverGas(
              provider.simulator,
              { account: signer.address, contract: to, data },
              lastApproval(Number(args[0])),
              gateway.heads.head.number,
            ),
        }),
      };
      const sentAt = sender.sentEarlierAt(request);
      if (sentAt === undefined) await first?.();
      else {
        const when = new Date(sentAt).toISOString();
        note(`Looking for ${method}, which an earlier run sent on ${when} and did not see the end of`);
      }
      return sender.send(request, signal);
    },
    approve: async (token, spender, amount) => {
      const erc20 = (await readToken(provider, token as Address)).contract;
      if ((await erc20.getFunction("allowance")(signer.address, spender)) >= amount) return;
      const data = erc20.interface.encodeFunctionData("approve", [spender, amount]);
      // The allowance itself says whether it is needed: an approval of an earlier run may be used up.
      await sender.send({ to: token, data, label: "approve", intent: `approve ${randomUUID()}` }, signal);
    },
    acknowledge: async () => sender.acknowledge(),
    close: async () => gateway.close(),
  };
}

/** Where commands keep what must outlive them, by the convention of the system. */
function stateFolder(): string {
  const given = process.env["CONCORDAT_STATE"] ?? "";
  if (given !== "") return given;
  const base = process.platform === "win32" ? process.env["LOCALAPPDATA"] : process.env["XDG_STATE_HOME"];
  return join(base || join(homedir(), ".local", "state"), "concordat");
}

/** Connects for reading, does the work, and closes. @throws as {@link openReader}. */
export async function withReader<T>(
  options: ChainOptions,
  work: (chain: ChainReader) => Promise<T>,
): Promise<T> {
  const chain = await openReader(options);
  return work(chain).finally(async () => chain.close());
}

/**
 * Connects with an account, does the work, and closes. Once the work is over, well or for a reason that its user is told, what it
 * sent is over too; after anything else the same command finds it.
 * @throws as {@link openWriter}.
 */
export async function withWriter<T>(
  options: AccountOptions,
  work: (chain: ChainWriter) => Promise<T>,
): Promise<T> {
  const chain = await openWriter(options);
  try {
    const result = await work(chain);
    await chain.acknowledge();
    return result;
  } catch (error) {
    if (error instanceof ContractError || error instanceof InputError) await chain.acknowledge();
    throw error;
  } finally {
    await chain.close();
  }
}
