import { Contract } from "ethers";
import type { JsonRpcProvider, TransactionReceipt } from "ethers";
import {
  nodeRegistryAbi,
  rewardLedgerAbi,
  roundCoordinatorAbi,
  stakeVaultAbi,
  taskRegistryAbi,
} from "../../../protocol/abis.ts";
import type { AddressBook } from "../../../protocol/addressBook.ts";
import type { INodeRegistry } from "../../../typechain/interfaces/INodeRegistry.sol/INodeRegistry.ts";
import type { IRewardLedger } from "../../../typechain/interfaces/IRewardLedger.sol/IRewardLedger.ts";
import type { IRoundCoordinator } from "../../../typechain/interfaces/IRoundCoordinator.sol/IRoundCoordinator.ts";
import type { IStakeVault } from "../../../typechain/interfaces/IStakeVault.sol/IStakeVault.ts";
import type { ITaskRegistry } from "../../../typechain/interfaces/ITaskRegistry.sol/ITaskRegistry.ts";

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
  readonly provider: JsonRpcProvider;
  readonly book: AddressBook;
  readonly contracts: Contracts;
  close(): Promise<void>;
}

/** A chain reader with an account that pays and signs. */
export interface ChainWriter extends ChainReader {
  readonly account: string;
  /** Calls a contract, waits for inclusion, and returns the receipt. @throws {ContractError} when it refuses. */
  send(contract: keyof Contracts, method: string, args: readonly unknown[]): Promise<TransactionReceipt>;
  /** Lets a contract take this much of a token from the account, unless it may already. */
  approve(token: string, spender: string, amount: bigint): Promise<void>;
}

/** Binds the contracts of an address book to a provider. */
export function bindContracts(book: AddressBook, provider: JsonRpcProvider): Contracts {
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
