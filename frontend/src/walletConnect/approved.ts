import { getAddress, isAddress } from "viem";
import type { Address } from "viem";

/** The part of a session that says what the wallet has approved, by CAIP-2 namespaces. */
export interface Approval {
  readonly namespaces: Readonly<
    Record<string, { readonly accounts: readonly string[]; readonly methods: readonly string[] }>
  >;
}

interface ApprovedAccount {
  readonly chainId: number;
  readonly address: Address;
}

/** Chains of Ethereum's kind that a session covers. */
export function approvedChains(session: Approval): readonly number[] {
  return [...new Set(approvedAccounts(session).map(({ chainId }) => chainId))];
}

/** Accounts that a session offers on a chain; on any chain where it offers none there. */
export function accountsOn(session: Approval, chainId: number): readonly Address[] {
  const all = approvedAccounts(session);
  const there = all.filter((account) => account.chainId === chainId);
  return [...new Set((there.length > 0 ? there : all).map(({ address }) => address))];
}

export function allowsMethod(session: Approval, method: string): boolean {
  return ethereum(session).some(({ methods }) => methods.includes(method));
}

/** Accounts as CAIP-10 writes them, "eip155:1:0x…"; what is none is left out, since a wallet may send anything. */
function approvedAccounts(session: Approval): readonly ApprovedAccount[] {
  return ethereum(session).flatMap(({ accounts }) =>
    accounts.flatMap((account) => {
      const [, reference, address = ""] = account.split(":");
      const chainId = Number(reference);
      return Number.isSafeInteger(chainId) && isAddress(address, { strict: false })
        ? [{ chainId, address: getAddress(address) }]
        : [];
    }),
  );
}

function ethereum({ namespaces }: Approval): Approval["namespaces"][string][] {
  return Object.entries(namespaces).flatMap(([key, namespace]) =>
    key === "eip155" || key.startsWith("eip155:") ? [namespace] : [],
  );
}
