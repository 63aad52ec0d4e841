import { dirname, join, resolve } from "node:path";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { InputError } from "@concordat/protocol/errors";
import { connectProvider } from "@concordat/chain/contracts/connectChain";
import { ContractError } from "@concordat/chain/contracts/contractError";
import { openKeystore } from "@concordat/node/setup/keystore";
import { bindContracts } from "@concordat/chain/contracts/chainAccess";
import type { ChainReader, ChainWriter } from "@concordat/chain/contracts/chainAccess";
import type { AccountOptions, ChainOptions } from "./chainOptions.ts";
import { readNodeConfig } from "@concordat/node/setup/nodeConfigFile";
import { note } from "@concordat/console/output";
import { askPassword } from "./password.ts";
import { readAddressBook } from "@concordat/chain/contracts/readAddressBook";
import { connectWriter } from "@concordat/chain/sending/connectWriter";

/** Where the chain and its address book are. @throws {InputError} when one of them is not given. */
export async function findChain(
  options: ChainOptions,
): Promise<{ rpcUrl: string | readonly string[]; addressBook: AddressBook }> {
  const config = options.config === undefined ? undefined : await readNodeConfig(options.config);
  const url = options.rpc ?? config?.rpcUrl ?? process.env["CONCORDAT_RPC"];
  const book = options.addressBook ?? config?.addressBook ?? process.env["CONCORDAT_ADDRESS_BOOK"];
  if (url === undefined) {
    throw new InputError("No chain endpoint given", {
      hint: "Give --rpc URL, or --config FILE of a node",
    });
  }
  if (book === undefined) {
    throw new InputError("No address book given", {
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
    throw new InputError("No account given to pay and sign", { hint: "Give --keystore FILE" });
  }
  const wallet = await openKeystore(file, await askPassword(options, file));
  const { rpcUrl: url, addressBook } = await findChain(options);
  return connectWriter(url, addressBook, wallet, { ...options, note });
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
