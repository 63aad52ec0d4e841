import { Contract } from "ethers";
import type { ContractRunner, TransactionReceipt } from "ethers";
import {
  nodeRegistryAbi,
  rewardLedgerAbi,
  roundCoordinatorAbi,
  stakeVaultAbi,
  taskRegistryAbi,
} from "@concordat/protocol/contracts/abis";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import type { INodeRegistry } from "../typechain/interfaces/INodeRegistry.sol/INodeRegistry.ts";
import type { IRewardLedger } from "../typechain/interfaces/IRewardLedger.sol/IRewardLedger.ts";
import type { IRoundCoordinator } from "../typechain/interfaces/IRoundCoordinator.sol/IRoundCoordinator.ts";
import type { IStakeVault } from "../typechain/interfaces/IStakeVault.sol/IStakeVault.ts";
import type { ITaskRegistry } from "../typechain/interfaces/ITaskRegistry.sol/ITaskRegistry.ts";
import type { ChainProvider } from "../endpoints/chainProvider.ts";

/** The contracts of an address book, for reading. */
export interface Contracts {
  readonly nodeRegistry: INodeRegistry;
  readonly taskRegistry: ITaskRegistry;
  readonly stakeVault: IStakeVault;
  readonly rewardLedger: IRewardLedger;
  readonly roundCoordinator: IRoundCoordinator;
}

/** A chain whose contracts were found where the address book says. */
export interface ChainReader {
  readonly provider: ChainProvider;
  /** Where the chain is: may hold keys, never to be printed. */
  readonly rpcUrl: string | readonly string[];
  readonly book: AddressBook;
  readonly contracts: Contracts;
  close(): Promise<void>;
}

/** How a call is sent. */
export interface SendOptions {
  /** What must be done first, unless an earlier run has sent the call already: an approval, say. */
  readonly first?: () => Promise<void>;
  /** What the user wants, where equal arguments do not say it, since some of them are times. */
  readonly intent?: string;
}

/** A chain reader with an account that pays and signs. */
export interface ChainWriter extends ChainReader {
  readonly account: string;
  /**
   * Calls a contract, waits for inclusion, and returns the receipt. What an earlier run of the same command sent, whose end it did
   * not see, is found and brought to its end instead of being sent again.
   * @throws {ContractError} when the contract refuses. @throws {TransactionUnknownError} when nobody says whether it was included.
   */
  send(
    contract: keyof Contracts,
    method: string,
    args: readonly unknown[],
    options?: SendOptions,
  ): Promise<TransactionReceipt>;
  /** Forgets the transactions of which the user was told the end. */
  acknowledge(): Promise<void>;
  /** Lets a contract take this much of a token from the account, unless it may already. */
  approve(token: string, spender: string, amount: bigint): Promise<void>;
}

/** Binds the contracts of an address book to a provider. */
export function bindContracts(book: AddressBook, provider: ContractRunner): Contracts {
  const bind = (address: string, abi: readonly unknown[]): unknown =>
    new Contract(address, abi as ConstructorParameters<typeof Contract>[1], provider);
  return {
    nodeRegistry: bind(book.contracts.NodeRegistry, nodeRegistryAbi) as INodeRegistry,
    taskRegistry: bind(book.contracts.TaskRegistry, taskRegistryAbi) as ITaskRegistry,
    stakeVault: bind(book.contracts.StakeVault, stakeVaultAbi) as IStakeVault,
    rewardLedger: bind(book.contracts.RewardLedger, rewardLedgerAbi) as IRewardLedger,
    roundCoordinator: bind(book.contracts.RoundCoordinator, roundCoordinatorAbi) as IRoundCoordinator,
  };
}
