import { parseSignature } from "viem";
import type { Hex } from "viem";
import { useConfig } from "wagmi";
import { getWalletClient } from "wagmi/actions";
import { InputError } from "@concordat/protocol/errors";
import { useFederation } from "../chain/useFederation.ts";
import { isContractAccount } from "../wallet/contractAccount.ts";
import { useWallet } from "../wallet/useWallet.ts";
import { TOKEN_ABI } from "./contractAbi.ts";
import type { ContractCall } from "./useSend.ts";
import { useSend, useTransactionLog } from "./useSend.ts";

/** Permit of ERC-2612 as the contracts take it; `deadline` 0 means none. */
export interface Permit {
  readonly deadline: bigint;
  readonly v: number;
  readonly r: Hex;
  readonly s: Hex;
}

const ZERO = `0x${"0".repeat(64)}` as const;
export const NO_PERMIT: Permit = { deadline: 0n, v: 0, r: ZERO, s: ZERO };
const PERMIT_SECONDS = 1800;

const PERMIT_TYPES = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
} as const;

/** A call that takes tokens from the caller. */
export interface Payment {
  readonly token: Hex;
  readonly spender: Hex;
  readonly amount: bigint;
  /** Addresses that the reader has confirmed by name: a token that is not the address book's must be one of them. */
  readonly confirmed: ReadonlySet<string>;
  /** The call that pays, given the permit. */
  readonly call: (permit: Permit) => ContractCall;
}

type WayToPay = "allowed" | "permit" | "approval";

/**
 * Pays: lets the spender take exactly this amount, by a permit where token and account can sign one, else by an approval of
 * its own, then sends the call. Gives the receipt, or undefined where the reader stopped, or a step failed.
 */
export function usePayment(): (payment: Payment) => Promise<Awaited<ReturnType<ReturnType<typeof useSend>>>> {
  const send = useSend();
  const log = useTransactionLog();
  const config = useConfig();
  const { store } = useFederation();
  const { account } = useWallet();
  const { client, network } = store;

  const canSignPermit = async (token: Hex, owner: Hex): Promise<boolean> => {
    if (await isContractAccount(client, owner)) return false;
    const contract = { address: token, abi: TOKEN_ABI } as const;
    return Promise.all([
      client.readContract({ ...contract, functionName: "nonces", args: [owner] }),
      client.readContract({ ...contract, functionName: "eip712Domain" }),
    ]).then(
      () => true,
      () => false,
    );
  };

  const signPermit = async ({ token, spender, amount }: Payment, owner: Hex): Promise<Permit> => {
    const contract = { address: token, abi: TOKEN_ABI } as const;
    const [nonce, [, name, version]] = await Promise.all([
      client.readContract({ ...contract, functionName: "nonces", args: [owner] }),
      client.readContract({ ...contract, functionName: "eip712Domain" }),
    ]);
    const deadline = BigInt(Math.floor(store.now()) + PERMIT_SECONDS);
    const wallet = await getWalletClient(config, { chainId: network.chainId });
    const signature = await wallet.signTypedData({
      account: wallet.account,
      domain: { name, version, chainId: network.chainId, verifyingContract: token },
      types: PERMIT_TYPES,
      primaryType: "Permit",
      message: { owner, spender, value: amount, nonce, deadline },
    });
    const { r, s, v, yParity } = parseSignature(signature);
    return { deadline, v: Number(v ?? BigInt(27 + yParity)), r, s };
  };

  const wayToPay = async ({ token, spender, amount }: Payment, owner: Hex): Promise<WayToPay> => {
    if (amount === 0n) return "allowed";
    const contract = { address: token, abi: TOKEN_ABI } as const;
    const allowance = await client.readContract({
      ...contract,
      functionName: "allowance",
      args: [owner, spender],
    });
    if (allowance >= amount) return "allowed";
    return (await canSignPermit(token, owner)) ? "permit" : "approval";
  };

  return async (payment) => {
    if (account === undefined) return undefined;
    const { token, spender, amount, call } = payment;
    const { key, label } = call(NO_PERMIT);
    const way = await log.prepare({
      key,
      label,
      state: "checking",
      run: async () => {
        requireTrusted(payment, network.addressBook.tokens?.DevelopmentToken);
        return wayToPay(payment, account);
      },
    });
    if (way === "allowed") return send(call(NO_PERMIT));
    if (way === "permit") {
      const permit = await log.prepare({
        key,
        label: `${label}: sign the permit`,
        state: "signing",
        run: () => signPermit(payment, account),
      });
      return permit && send(call(permit));
    }
    const approved =
      way === "approval" &&
      (await send({
        key,
        label: `${label}: first approve exactly this amount`,
        contract: "Token",
        address: token,
        functionName: "approve",
        args: [spender, amount],
      }));
    return approved ? send(call(NO_PERMIT)) : undefined;
  };
}

/** The last door before a signature: whatever a page has drawn, nothing is approved to a token that nobody vouched for. */
function requireTrusted({ token, amount, confirmed }: Payment, known: string | undefined): void {
  const address = token.toLowerCase();
  if (amount === 0n || address === known?.toLowerCase()) return;
  if ([...confirmed].some((each) => each.toLowerCase() === address)) return;
  throw new InputError(`The token ${token} is not in the address book`, {
    hint: "Confirm it by name first. Nothing was sent",
  });
}
