import { BrowserProvider, ContractFactory } from "ethers";
import type { Eip1193Provider, InterfaceAbi } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import { currencyWords } from "@concordat/protocol/words/currencyWords";
import { InputError } from "@concordat/protocol/errors";
import type { DeploymentSettings } from "./deployConcordat.ts";

/** In the order in which they are deployed; the first depends on none of the others. */
const CONTRACTS = [
  "NodeRegistry",
  "TaskRegistry",
  "StakeVault",
  "RewardLedger",
  "Transitions",
  "RoundCoordinator",
] as const;
/** What a transaction, a byte of code and a byte of a transaction's data cost by the rules of today. */
const TRANSACTION_GAS = 53_000;
const CODE_BYTE_GAS = 200;
const DATA_BYTE_GAS = 16;
/** What the constructors store, at most. */
const CONSTRUCTOR_GAS = 300_000;

/** Who deploys, and what it takes. */
export interface Deployer {
  readonly account: string;
  /** Both in wei. */
  readonly balance: bigint;
  readonly cost: bigint;
  readonly gas: bigint;
}

/**
 * Looks whether the account that deploys is there and can pay for all contracts, before the first of them is sent.
 * @throws {InputError} saying what is missing.
 */
export async function checkDeployer(
  provider: Eip1193Provider,
  artifacts: HardhatRuntimeEnvironment["artifacts"],
  settings: DeploymentSettings,
): Promise<Deployer> {
  const [account] = (await provider.request({ method: "eth_accounts" })) as string[];
  if (account === undefined) {
    throw new InputError("No key given to pay for the deployment", {
      hint: "Give it with: npx hardhat keystore set CONCORDAT_DEPLOYER_KEY",
    });
  }
  const chain = new BrowserProvider(provider);
  try {
    const gas = await deploymentGas(chain, artifacts, settings, account);
    const { maxFeePerGas, gasPrice } = await chain.getFeeData();
    const cost = gas * (maxFeePerGas ?? gasPrice ?? 0n);
    const balance = await chain.getBalance(account);
    if (balance >= cost) return { account, balance, cost, gas };
    throw new InputError(
      `The deployer ${account} has ${currencyWords(balance)} of the chain's currency, but needs up to ${currencyWords(cost)} for ${gas.toLocaleString("en")} gas`,
      { hint: "Send it some more; nothing was deployed" },
    );
  } finally {
    chain.destroy();
  }
}

/**
 * Gas for all contracts. Chains price code and storage differently, so the endpoint is asked for the first contract, and the
 * others are taken to cost as many times today's prices as it does.
 */
async function deploymentGas(
  chain: BrowserProvider,
  artifacts: HardhatRuntimeEnvironment["artifacts"],
  { founders, votingPeriod }: DeploymentSettings,
  from: string,
): Promise<bigint> {
  const compiled = await Promise.all(CONTRACTS.map(async (name) => artifacts.readArtifact(name)));
  const expected = compiled.map(
    ({ bytecode, deployedBytecode }) =>
      TRANSACTION_GAS +
      CONSTRUCTOR_GAS +
      CODE_BYTE_GAS * (deployedBytecode.length / 2) +
      DATA_BYTE_GAS * (bytecode.length / 2),
  );
  const [first] = compiled;
  const [firstExpected = 1] = expected;
  const all = expected.reduce((sum, gas) => sum + gas, 0);
  if (first === undefined) return BigInt(Math.ceil(all));
  const people = founders.map(({ operator, signer, encryptionKey = "0x", endpoints = "" }) => [
    operator,
    signer,
    encryptionKey,
    endpoints,
  ]);
  const factory = new ContractFactory(first.abi as unknown as InterfaceAbi, first.bytecode);
  const { data } = await factory.getDeployTransaction(people, votingPeriod);
  // What the constructor refuses, the deployment itself says better.
  const asked = await chain.estimateGas({ from, data }).catch(() => 0n);
  return BigInt(Math.ceil(all * Math.max(1, Number(asked) / firstExpected)));
}
