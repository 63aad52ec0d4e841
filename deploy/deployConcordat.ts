import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  HardhatArtifactResolver,
  errorDeploymentResultToExceptionMessage,
} from "@nomicfoundation/hardhat-ignition/helpers";
import { DeploymentResultType, deploy } from "@nomicfoundation/ignition-core";
import type {
  DeploymentParameters,
  IgnitionModule,
  IgnitionModuleResult,
} from "@nomicfoundation/ignition-core";
import { BrowserProvider } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import type { NetworkConnection } from "hardhat/types/network";
import { checkBlockNumbers } from "@concordat/chain/contracts/checkBlockNumbers";
import { ADDRESS_BOOK_FORMAT, parseAddressBook } from "@concordat/protocol/contracts/addressBook";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { ConcordatError } from "@concordat/protocol/errors";
import concordat from "./modules/concordat.ts";
import developmentToken from "./modules/developmentToken.ts";

/** How often a pending transaction is looked at, in milliseconds: quick enough for chains with short blocks. */
const POLL_MS = 100;

/** A founding member, admitted by the registry's constructor. */
export interface Founder {
  readonly operator: string;
  readonly signer: string;
  /** 0x and hex digits; left out for none. */
  readonly encryptionKey?: string;
  readonly endpoints?: string;
}

/** What a deployment decides; nothing of it can be changed later. */
export interface DeploymentSettings {
  /** At least one. */
  readonly founders: readonly Founder[];
  /** Seconds for which a vote stays open. */
  readonly votingPeriod: number;
  /** Seconds from unbonding a stake to its withdrawal: longer than the longest task and its dispute window. */
  readonly unbondingPeriod: number;
  /** Also deploys a token that anyone may mint. */
  readonly developmentToken: boolean;
}

export interface DeployOptions extends DeploymentSettings {
  /** Where the compiled contracts are. */
  readonly hre: Pick<HardhatRuntimeEnvironment, "artifacts" | "network">;
  /** A connection of Hardhat's, or the URL of any JSON-RPC endpoint. */
  readonly chain: NetworkConnection | string;
  /** Private key that pays, where the endpoint has no unlocked accounts. Only with a URL. */
  readonly deployerKey?: string;
  /** The network's name in the address book. */
  readonly networkName?: string;
  /** Blocks on top of a transaction that make it final; 1 by default. */
  readonly confirmations?: number;
  /** Folder in which an interrupted deployment is remembered and taken up again; none by default. */
  readonly journal?: string;
}

/** Deploys the contracts and says where they are. @throws {ConcordatError} with the chain's reason when a transaction fails. */
export async function deployConcordat(options: DeployOptions): Promise<AddressBook> {
  if (typeof options.chain !== "string") return deployTo(options.chain, options);
  const connection = await options.hre.network.create({
    network: "local",
    override: {
      url: options.chain,
      ...(options.deployerKey !== undefined && { accounts: [options.deployerKey] }),
    },
  });
  try {
    return await deployTo(connection, options);
  } finally {
    await connection.close();
  }
}

async function deployTo(connection: NetworkConnection, options: DeployOptions): Promise<AddressBook> {
  const { provider } = connection;
  await checkChain(provider);
  const ask = async (method: string): Promise<number> => Number(await provider.request({ method }));
  const deploymentBlock = await firstBlock(options.journal, (await ask("eth_blockNumber")) + 1);
  const contracts = await runModule(connection, options, concordat, { Concordat: moduleParameters(options) });
  const tokens = options.developmentToken
    ? await runModule(connection, options, developmentToken, {})
    : undefined;
  return parseAddressBook({
    format: ADDRESS_BOOK_FORMAT,
    chainId: await ask("eth_chainId"),
    network: options.networkName ?? connection.networkName,
    deploymentBlock,
    contracts,
    ...(tokens !== undefined && { tokens }),
  });
}

/** @throws {InputError} where contracts cannot name the chain's blocks as its endpoint does: no election could be checked. */
export async function checkChain(provider: NetworkConnection["provider"]): Promise<void> {
  const chain = new BrowserProvider(provider);
  try {
    await checkBlockNumbers(chain);
  } finally {
    chain.destroy();
  }
}

/** The block from which a deployment's events are read: of its first run, where it was interrupted and is taken up again. */
async function firstBlock(journal: string | undefined, next: number): Promise<number> {
  if (journal === undefined) return next;
  const file = join(journal, "first-block");
  try {
    await mkdir(journal, { recursive: true });
    await writeFile(file, String(next), { flag: "wx" });
    return next;
  } catch {
    return Number(await readFile(file, "utf8"));
  }
}

function moduleParameters({ founders, votingPeriod, unbondingPeriod }: DeploymentSettings) {
  return {
    founders: founders.map(({ operator, signer, encryptionKey = "0x", endpoints = "" }) => ({
      operator,
      signer,
      encryptionKey,
      endpoints,
    })),
    votingPeriod,
    unbondingPeriod,
  };
}

/** Runs one module to its end. Gives the address of each contract that it returns by the contract's name. */
async function runModule<M extends string, C extends string>(
  { provider }: NetworkConnection,
  { hre, confirmations = 1, journal }: DeployOptions,
  ignitionModule: IgnitionModule<M, C, IgnitionModuleResult<C>>,
  deploymentParameters: DeploymentParameters,
): Promise<Record<string, string>> {
  const result = await deploy({
    config: { requiredConfirmations: confirmations, blockPollingInterval: POLL_MS },
    artifactResolver: new HardhatArtifactResolver(hre.artifacts),
    provider,
    ignitionModule,
    deploymentParameters,
    accounts: (await provider.request({ method: "eth_accounts" })) as string[],
    // A folder for each module: a result names every contract of its folder.
    ...(journal !== undefined && { deploymentDir: join(journal, ignitionModule.id) }),
  });
  if (result.type !== DeploymentResultType.SUCCESSFUL_DEPLOYMENT) {
    throw new ConcordatError(`The deployment failed: ${errorDeploymentResultToExceptionMessage(result)}`, {
      hint: "Check that the deployer can pay and that the parameters are within their bounds",
    });
  }
  const returned = new Set(Object.values(ignitionModule.results).map(({ id }) => id));
  return Object.fromEntries(
    Object.values(result.contracts)
      .filter(({ id }) => returned.has(id))
      .map(({ contractName, address }) => [contractName, address]),
  );
}
