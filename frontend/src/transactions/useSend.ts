import { createContext, useContext, useSyncExternalStore } from "react";
import { BaseError, encodeFunctionData } from "viem";
import type { Hex, TransactionReceipt } from "viem";
import { useConfig } from "wagmi";
import { getConnection, getWalletClient } from "wagmi/actions";
import { ConcordatError } from "@concordat/protocol/errors";
import type { ContractName } from "@concordat/protocol/events/contracts";
import { askAgain } from "../chain/endpointFailure.ts";
import { useFederation } from "../chain/useFederation.ts";
import { isContractAccount } from "../wallet/contractAccount.ts";
import { SAFE, useWallet } from "../wallet/useWallet.ts";
import { callAbi } from "./contractAbi.ts";
import { decidingGas } from "./decidingGas.ts";
import type { LoggedTransaction, TransactionLog } from "./transactionLog.ts";

export const Transactions = createContext<TransactionLog | undefined>(undefined);

export function useTransactionLog(): TransactionLog {
  const log = useContext(Transactions);
  if (log === undefined) throw new Error("No transaction log stands above this component");
  return log;
}

export function useTransactions(): readonly LoggedTransaction[] {
  const log = useTransactionLog();
  return useSyncExternalStore(log.subscribe, () => log.list);
}

/** One call of a contract that the reader wants to send. */
export interface ContractCall {
  /** One of this key at a time. */
  readonly key: string;
  /** What it does, as an imperative: "Join task 1". */
  readonly label: string;
  readonly contract: ContractName | "Token";
  /** Needed for a token. */
  readonly address?: Hex;
  readonly functionName: string;
  readonly args: readonly unknown[];
}

/** The share of an estimate that is allowed: the state may change a little before inclusion. */
const GAS_PERCENT = 125n;

/** Sends a call as the connected account: simulated first, in the log while it runs. Undefined where it did not succeed. */
export function useSend(): (call: ContractCall) => Promise<TransactionReceipt | undefined> {
  const log = useTransactionLog();
  const config = useConfig();
  const { store } = useFederation();
  const { account } = useWallet();
  return async ({ key, label, contract, address, functionName, args }) => {
    const target = contract === "Token" ? address : store.contracts[contract];
    if (account === undefined || target === undefined) return undefined;
    const call = { address: target, abi: callAbi(contract), functionName, args, account };
    let gas: bigint | undefined;
    return log.send({
      key,
      label,
      account,
      // Every call of the federation's contracts emits an event; some tokens emit none.
      emitter: contract === "Token" ? undefined : target,
      to: target,
      input: encodeFunctionData(call),
      simulate: async () => {
        await askAgain(() => store.client.simulateContract(call));
        // What carries a contract account's call costs more than the call; its wallet knows how much.
        if (await askAgain(() => isContractAccount(store.client, account))) return;
        const estimate = await askAgain(() => store.client.estimateContractGas(call));
        const deciding = functionName === "vote" ? await decidingGas(store.client, call) : 0n;
        // Where nobody can simulate the vote that decides, it is taken to cost as much again.
        gas = ((estimate + (deciding ?? estimate)) * GAS_PERCENT) / 100n;
      },
      sign: async () => {
        const wallet = await getWalletClient(config, { chainId: store.network.chainId });
        if (wallet.account.address.toLowerCase() !== account.toLowerCase()) {
          throw new ConcordatError("Your wallet has changed its account meanwhile", { hint: "Try again" });
        }
        const request = {
          ...call,
          account: wallet.account,
          chain: wallet.chain,
          ...(gas !== undefined && { gas }),
        };
        if (getConnection(config).connector?.type !== SAFE)
          return { hash: await wallet.writeContract(request) };
        return { hash: await wallet.writeContract(request).catch(refusedBySafe), isProposal: true };
      },
    });
  };
}

/** A Safe that answers with an error has taken nothing: its message, without a code, would else leave that open. */
function refusedBySafe(error: unknown): never {
  const reason = error instanceof BaseError ? error.details : String(error);
  throw new ConcordatError(`Your Safe did not take this: ${reason}`, {
    hint: "Nothing was proposed. Try again",
  });
}
