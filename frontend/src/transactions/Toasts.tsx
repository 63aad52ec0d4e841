import { useEffect } from "react";
import type { ReactElement } from "react";
import { explainError } from "../app/explainError.ts";
import { useFederation } from "../chain/useFederation.ts";
import { Hash } from "../ui/Account.tsx";
import { Button } from "../ui/parts.tsx";
import type { LoggedTransaction, TransactionState } from "./transactionLog.ts";
import { useTransactionLog, useTransactions } from "./useSend.ts";

const WORDS: Readonly<Record<TransactionState, string>> = {
  checking: "Checking with the contract…",
  signing: "Waiting for your wallet…",
  pending: "Sent; waiting for the chain…",
  confirmed: "Confirmed.",
  failed: "Failed.",
  replaced: "Replaced by another transaction of your wallet.",
  cancelled: "Cancelled in your wallet.",
};
const TONES: Readonly<Record<TransactionState, string>> = {
  checking: "info",
  signing: "wait",
  pending: "wait",
  confirmed: "good",
  failed: "bad",
  replaced: "wait",
  cancelled: "wait",
};
/** Milliseconds for which a success stays in sight. */
const SHOWN_MS = 8_000;

/** Where every transaction of this visit stands. */
export function Toasts(): ReactElement {
  const list = useTransactions();
  return (
    <div className="toasts" role="log" aria-label="Transactions" aria-live="polite">
      {list.slice(-4).map((each) => (
        <Toast key={each.id} transaction={each} />
      ))}
    </div>
  );
}

function Toast({ transaction }: { readonly transaction: LoggedTransaction }): ReactElement {
  const log = useTransactionLog();
  const { store } = useFederation();
  const { id, label, state, hash, error } = transaction;
  const { explorerUrl } = store.network;
  useEffect(() => {
    if (state !== "confirmed") return undefined;
    const timer = setTimeout(() => log.dismiss(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [log, id, state]);
  const over = state !== "checking" && state !== "signing" && state !== "pending";
  const explanation = error === undefined ? undefined : explainError(error);
  return (
    <div className={`notice notice-${TONES[state]}`} data-state={state}>
      <p>
        <strong>{label}.</strong> {explanation?.message ?? WORDS[state]}
      </p>
      {explanation !== undefined && <p>{explanation.hint}</p>}
      <div className="row">
        {hash !== undefined && <Hash value={hash} what="transaction hash" />}
        {hash !== undefined && explorerUrl !== undefined && (
          <a href={`${explorerUrl}/tx/${hash}`} target="_blank" rel="noreferrer">
            Explorer
          </a>
        )}
        {over && (
          <Button small look="quiet" onClick={() => log.dismiss(id)}>
            Dismiss
          </Button>
        )}
      </div>
    </div>
  );
}
