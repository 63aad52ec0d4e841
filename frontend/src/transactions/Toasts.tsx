import { useEffect, useState } from "react";
import type { ReactElement } from "react";
import { explainError } from "../app/explainError.ts";
import { ifStored } from "../app/ifStored.ts";
import { Hash } from "../ui/Account.tsx";
import { Button } from "../ui/parts.tsx";
import type { LoggedTransaction, TransactionState } from "./transactionLog.ts";
import { useTransactionLog, useTransactions } from "./useSend.ts";

/** What each state says, and a way on where the reader needs one. */
const WORDS: Readonly<Record<TransactionState, readonly [message: string, hint?: string]>> = {
  checking: ["Checking with the contract…"],
  signing: ["Waiting for your wallet…"],
  proposed: [
    "Proposed to your Safe; it waits for the other owners of the Safe, or for one of them to execute it.",
    "That may take hours. You may close this page meanwhile: opened again in the Safe, it goes on.",
  ],
  pending: ["Sent; waiting for the chain…"],
  confirmed: ["Confirmed."],
  repriced: ["Confirmed, at the fee that you changed in your wallet."],
  failed: ["Failed."],
  replaced: [
    "Your wallet sent another transaction in its place, so this was not done.",
    "Do it again if you still want it.",
  ],
  cancelled: ["You cancelled this in your wallet, so it was not done.", "Do it again whenever you like."],
  rejected: [
    "The owners of the Safe have executed something else in its place, so this was not done.",
    "Do it again if you still want it.",
  ],
  lost: [
    "The network does not know this transaction any more.",
    "Look for it in your wallet before you do it again.",
  ],
  unconfirmed: [
    "It is not on the chain yet. Your account’s other owners may still confirm it.",
    "Dismiss this once you know that they will not; until then it cannot be done again here.",
  ],
  asked: [
    "Your wallet was asked for this, and this page did not get its answer, so it may have been sent.",
    "Once it is on the chain, this page finds it. Look into your wallet: if it is not there, dismiss this and do it again.",
  ],
};
const TONES: Readonly<Record<TransactionState, string>> = {
  checking: "info",
  signing: "wait",
  proposed: "wait",
  pending: "wait",
  confirmed: "good",
  repriced: "good",
  failed: "bad",
  replaced: "wait",
  cancelled: "wait",
  rejected: "wait",
  lost: "bad",
  unconfirmed: "wait",
  asked: "wait",
};
const SUCCESS: readonly TransactionState[] = ["confirmed", "repriced"];
const UNDER_WAY: readonly TransactionState[] = ["checking", "signing", "pending"];
/** Milliseconds for which a success stays in sight. */
const SHOWN_MS = 8_000;
/** Milliseconds after which a reader may wonder why the chain takes so long. */
const LONG_MS = 60_000;

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
  const { id, label, state, hash, proposal } = transaction;
  useEffect(() => {
    if (!SUCCESS.includes(state)) return undefined;
    const timer = setTimeout(() => log.dismiss(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [log, id, state]);
  const late = useIsLate(state);
  const [message, hint] = wordsOf(transaction, late);
  return (
    <div className={`notice notice-${TONES[state]}`} data-state={state}>
      <p>
        <strong>{label}.</strong> {message}
      </p>
      {hint !== undefined && <p>{hint}</p>}
      <div className="row">
        {hash !== undefined && <Hash value={hash} what="transaction hash" />}
        {hash === undefined && proposal !== undefined && (
          <Hash value={proposal} what="hash of the Safe’s transaction" />
        )}
        {!UNDER_WAY.includes(state) && (
          <Button small look="quiet" onClick={() => log.dismiss(id)}>
            Dismiss
          </Button>
        )}
      </div>
    </div>
  );
}

function wordsOf(
  { state, error }: LoggedTransaction,
  late: boolean,
): readonly [message: string, hint?: string] {
  if (error !== undefined) {
    const { message, hint } = explainError(error);
    return state === "asked" ? [message, WORDS.asked[1] ?? hint] : [message, hint];
  }
  // In a frame, some browsers let a page keep nothing.
  if (state === "proposed" && !mayKeep())
    return [
      WORDS.proposed[0],
      "That may take hours, and this browser keeps nothing for a page in a frame: once you close this page, only the Safe shows it.",
    ];
  return late
    ? [
        "Sent; the chain takes long.",
        "You can raise its fee, or cancel it, in your wallet; this page follows.",
      ]
    : WORDS[state];
}

/** Whether the browser lets this page keep something for its next visit. */
function mayKeep(): boolean {
  return ifStored<Storage | null>(() => localStorage, null) !== null;
}

/** Whether it has been pending for long. */
function useIsLate(state: TransactionState): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (state !== "pending") return undefined;
    const timer = setTimeout(() => setLate(true), LONG_MS);
    return () => clearTimeout(timer);
  }, [state]);
  return late && state === "pending";
}
