import { useState } from "react";
import { useFederation } from "../chain/useFederation.ts";
import { foreignIn, foreignToken } from "./foreign.ts";
import type { Foreign, TokenRole, TrustTerms } from "./foreign.ts";

/** What is named beside the address book, and which of it the reader has confirmed by name. */
export interface ForeignConsent {
  readonly foreign: readonly Foreign[];
  readonly confirmed: ReadonlySet<string>;
  readonly confirm: (address: string, isConfirmed: boolean) => void;
  /** Whether nothing is left to be confirmed. */
  readonly isGiven: boolean;
}

/** Asks for consent to each foreign address of a task. It lasts as long as the component, which stands for one task. */
export function useForeign(terms: TrustTerms, publisher: string): ForeignConsent {
  const { addressBook } = useFederation().store.network;
  return useConsent(foreignIn(terms, publisher, addressBook));
}

/** Asks for consent to a token that takes part in a payment, where it is not the address book's. */
export function useForeignToken(role: TokenRole, token: string): ForeignConsent {
  const { addressBook } = useFederation().store.network;
  return useConsent(foreignToken(role, token, addressBook, true));
}

function useConsent(foreign: readonly Foreign[]): ForeignConsent {
  const [confirmed, setConfirmed] = useState<ReadonlySet<string>>(new Set());
  return {
    foreign,
    confirmed,
    confirm: (address, isConfirmed) => {
      const next = new Set(confirmed);
      if (isConfirmed) next.add(address);
      else next.delete(address);
      setConfirmed(next);
    },
    isGiven: foreign.every(({ address, mustConfirm }) => !mustConfirm || confirmed.has(address)),
  };
}
