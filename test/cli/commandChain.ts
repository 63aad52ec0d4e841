import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Contract, JsonRpcProvider, Wallet, parseEther } from "ethers";
import { deployConcordat } from "#deploy/deployConcordat";
import { startEmbeddedChain } from "#demo/embeddedChain";
import type { EmbeddedChain } from "#demo/embeddedChain";
import { writeKeystore } from "#node/setup/keystore";
import type { AddressBook } from "#protocol/contracts/addressBook";
import { start } from "./concordat.ts";
import type { Outcome, Running } from "./concordat.ts";

const PASSWORD = "correct horse";
const SCRYPT = { N: 1024, r: 8, p: 1 };
const DAY = 86_400;

/** A chain with the contracts on it, one founding node, and a folder, on which commands are tried. */
export interface CommandChain {
  readonly chain: EmbeddedChain;
  readonly provider: JsonRpcProvider;
  readonly book: AddressBook;
  readonly folder: string;
  /** Operator and signer of node 1; rich in gas and tokens. */
  readonly founder: Wallet;
  readonly token: string;
  /** The options that name the chain, and those that name the founder's account too. */
  readonly where: readonly string[];
  readonly asFounder: readonly string[];
  /** A keystore of this account in the folder. */
  keystore(name: string, wallet: Wallet): Promise<string>;
  fund(account: string, ether: string, tokens: string): Promise<void>;
  start(...args: readonly string[]): Running;
  run(...args: readonly string[]): Promise<Outcome>;
  /** Runs a command with --json, which must succeed. */
  json<T>(...args: readonly string[]): Promise<T>;
  close(): Promise<void>;
}

export async function startCommandChain(): Promise<CommandChain> {
  const folder = mkdtempSync(join(tmpdir(), "concordat-commands-"));
  const chain = await startEmbeddedChain();
  const provider = new JsonRpcProvider(chain.rpcUrl, 31337, { staticNetwork: true, cacheTimeout: -1 });
  const founder = new Wallet(Wallet.createRandom().privateKey);
  const book = await deployConcordat({
    hre: chain.hre,
    chain: chain.rpcUrl,
    founders: [{ operator: founder.address, signer: founder.address }],
    votingPeriod: DAY,
    unbondingPeriod: 60 * DAY,
    developmentToken: true,
  });
  const addresses = join(folder, "addresses.json");
  writeFileSync(addresses, JSON.stringify(book));
  const token = book.tokens?.DevelopmentToken ?? "";
  const where = ["--rpc", chain.rpcUrl, "--address-book", addresses];
  const state = join(folder, "state");
  const env = { CONCORDAT_PASSWORD: PASSWORD, CONCORDAT_STATE: state };

  async function keystore(name: string, wallet: Wallet): Promise<string> {
    const file = join(folder, `${name}.json`);
    await writeKeystore(file, wallet.privateKey, PASSWORD, SCRYPT);
    return file;
  }
  async function fund(account: string, ether: string, tokens: string): Promise<void> {
    const rich = await provider.getSigner(0);
    await (await rich.sendTransaction({ to: account, value: parseEther(ether) })).wait();
    const minter = new Contract(token, ["function mint(address,uint256)"], rich);
    const minted = (await minter.getFunction("mint")(account, parseEther(tokens))) as {
      wait(): Promise<unknown>;
    };
    await minted.wait();
  }
  const begin = (...args: readonly string[]): Running => start(args, env);
  const run = async (...args: readonly string[]): Promise<Outcome> => begin(...args).done;

  await fund(founder.address, "10", "1000");
  return {
    chain,
    provider,
    book,
    folder,
    founder,
    token,
    where,
    asFounder: [...where, "--keystore", await keystore("founder", founder)],
    keystore,
    fund,
    start: begin,
    run,
    json: async <T>(...args: readonly string[]): Promise<T> => {
      const { code, stdout, stderr } = await run(...args, "--json");
      expect([code, stderr], args.join(" ")).to.deep.equal([0, ""]);
      return JSON.parse(stdout) as T;
    },
    close: async () => {
      provider.destroy();
      await chain.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
