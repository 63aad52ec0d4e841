import type { ReactElement, ReactNode } from "react";
import { useWallet } from "../wallet/useWallet.ts";
import { Button } from "../ui/parts.tsx";
import type { ContractCall } from "./useSend.ts";
import { useSend, useTransactionLog, useTransactions } from "./useSend.ts";

interface ActionButtonProps {
  readonly call: ContractCall;
  readonly children?: ReactNode;
  readonly look?: "plain" | "primary" | "danger";
  readonly small?: boolean;
  readonly disabled?: boolean;
  readonly onConfirmed?: () => void;
}

/** Sends one call. Disabled while it is under way, without a wallet, and on another network; the log tells the rest. */
export function ActionButton({
  call,
  children,
  onConfirmed,
  disabled = false,
  ...rest
}: ActionButtonProps): ReactElement {
  const send = useSend();
  const { account, wrongNetwork } = useWallet();
  const busy = useIsActive(call.key);
  const blocked =
    account === undefined
      ? "Connect a wallet first"
      : wrongNetwork
        ? "Switch your wallet’s network first"
        : undefined;
  return (
    <Button
      {...rest}
      disabled={disabled || busy || blocked !== undefined}
      title={blocked}
      onClick={() => {
        void send(call).then((receipt) => receipt !== undefined && onConfirmed?.());
      }}
    >
      {busy ? "Under way…" : (children ?? call.label)}
    </Button>
  );
}

/** Whether a transaction of this key is under way. */
export function useIsActive(key: string): boolean {
  useTransactions();
  return useTransactionLog().isActive(key);
}
