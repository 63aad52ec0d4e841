import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Wallet } from "ethers";
import type { Interface } from "ethers";
import pino from "pino";
import { parseAddressBook } from "../../../protocol/addressBook.ts";
import type { AddressBook } from "../../../protocol/addressBook.ts";
import { InputError } from "../../../protocol/errors.ts";
import type { Address } from "../../../protocol/ids.ts";
import { connectChain } from "../chain/connectChain.ts";
import { openKeystore } from "../node/keystore.ts";
import { bindContracts } from "./chainAccess.ts";
import type { ChainReader, ChainWriter, Contracts } from "./chainAccess.ts";
import type { AccountOptions, ChainOptions } from "./chainOptions.ts";
import { readNodeConfig } from "./nodeConfigFile.ts";
import { askPassword } from "./password.ts";
import { readToken } from "./token.ts";

const POLL_MS = 250;
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
): Promise<{ rpcUrl: string; addressBook: AddressBook }> {
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
  return openAs(options, new Wallet(Wallet.createRandom().privateKey));
}

/** Connects with an account. The keystore is opened first. @throws {InputError} also for keystore or password. */
export async function openWriter(options: AccountOptions): Promise<ChainWriter> {
  const file =
    options.keystore ?? (options.config && join(dirname(resolve(options.config)), "operator.json"));
  if (file === undefined) {
    throw new InputError("It is not said which account pays and signs", { hint: "Give --keystore FILE" });
  }
  const wallet = await openKeystore(file, await askPassword(options, file));
  return openAs(options, wallet);
}

async function openAs(options: ChainOptions, signer: Wallet): Promise<ChainWriter> {
  const { rpcUrl: url, addressBook } = await findChain(options);
  return connectWriter(url, addressBook, signer);
}

/** Connects an account to the contracts of an address book. @throws {InputError} when they are not there. */
export async function connectWriter(rpcUrl: string, book: AddressBook, signer: Wallet): Promise<ChainWriter> {
  const gateway = await connectChain({
    rpcUrl,
    addressBook: book,
    confirmations: 0,
    pollMs: POLL_MS,
    signer,
    logger: pino({ level: "silent" }),
  });
  const contracts = bindContracts(book, gateway.provider);
  const { signal } = new AbortController();
  const send = async (to: string, data: string, label: string) =>
    gateway.sender.send({ to, data, label }, signal);
  return {
    provider: gateway.provider,
    book,
    contracts,
    account: signer.address,
    send: (contract, method, args) =>
      send(
        book.contracts[BOOK_NAMES[contract]],
        (contracts[contract].interface as Interface).encodeFunctionData(method, args),
        method,
      ),
    approve: async (token, spender, amount) => {
      const erc20 = (await readToken(gateway.provider, token as Address)).contract;
      if ((await erc20.getFunction("allowance")(signer.address, spender)) >= amount) return;
      await send(token, erc20.interface.encodeFunctionData("approve", [spender, amount]), "approve");
    },
    close: () => gateway.close(),
  };
}

/** Connects for reading, does the work, and closes. @throws as {@link openReader}. */
export async function withReader<T>(
  options: ChainOptions,
  work: (chain: ChainReader) => Promise<T>,
): Promise<T> {
  const chain = await openReader(options);
  return work(chain).finally(async () => chain.close());
}

/** Connects with an account, does the work, and closes. @throws as {@link openWriter}. */
export async function withWriter<T>(
  options: AccountOptions,
  work: (chain: ChainWriter) => Promise<T>,
): Promise<T> {
  const chain = await openWriter(options);
  return work(chain).finally(async () => chain.close());
}
