import { useEffect, useRef, useState } from "react";
import type { ReactElement } from "react";
import { useConnect, useConnection, useConnectors, useDisconnect, useSwitchChain } from "wagmi";
import type { Connector } from "wagmi";
import { explainError } from "../app/explainError.ts";
import { useFederation } from "../chain/useFederation.ts";
import { Account, Identicon } from "../ui/Account.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import type { DialogHandle } from "../ui/Dialog.tsx";
import { Button, Notice } from "../ui/parts.tsx";
import { Balances } from "./Balances.tsx";
import { OpenInWallet } from "./OpenInWallet.tsx";
import { PairWallet } from "./PairWallet.tsx";
import { useContractAccount } from "./contractAccount.ts";
import { PairingGivenUp } from "./pairing.ts";
import { SafeElsewhere } from "./SafeElsewhere.tsx";
import { useWallet } from "./useWallet.ts";
import { pairingOf } from "./walletConnect.ts";

/** Connects a wallet; once connected, tells which account, and on which network. */
export function WalletButton(): ReactElement {
  const dialog = useRef<DialogHandle>(null);
  const connectors = useConnectors();
  const { account, wrongNetwork } = useWallet();
  useEffect(() => {
    if (account !== undefined) dialog.current?.close();
  }, [account]);
  const label = account === undefined ? "Connect wallet" : `${account.slice(0, 6)}…${account.slice(-4)}`;
  return (
    <>
      <Button look={account === undefined ? "primary" : "plain"} onClick={() => dialog.current?.open()}>
        {account !== undefined && <Identicon value={account} />}
        {wrongNetwork ? "Wrong network" : label}
      </Button>
      <Dialog
        ref={dialog}
        title={account === undefined ? "Connect a wallet" : "Your wallet"}
        onClose={() => connectors.forEach((connector) => pairingOf(connector)?.giveUp())}
      >
        {account === undefined ? <Connect /> : <Connected />}
      </Dialog>
    </>
  );
}

function Connect(): ReactElement {
  const connectors = useConnectors();
  const { store } = useFederation();
  const connect = useConnect();
  const [error, setError] = useState<unknown>();
  if (connectors.length === 0) {
    return (
      <Notice tone="wait">
        <p>No wallet was found in this browser.</p>
        <p>
          Install a wallet extension (any that announces itself by EIP-6963) and load the page again. Without
          one you can read and audit everything, and change nothing.
        </p>
        <OpenInWallet />
      </Notice>
    );
  }
  const pairing = connect.variables && pairingOf(connect.variables.connector as Connector);
  if (connect.isPending && pairing !== undefined) return <PairWallet pairing={pairing} />;
  return (
    <>
      <p className="card-note">Your wallet keeps the keys. This page never asks for one.</p>
      {connectors.map((connector) => (
        <button
          key={connector.uid}
          type="button"
          className="wallet-choice"
          disabled={connect.isPending}
          onClick={() => {
            setError(undefined);
            connect.mutate(
              { connector, chainId: store.network.chainId },
              {
                onError: (failure: unknown) => {
                  if (!(failure instanceof PairingGivenUp)) setError(failure);
                },
              },
            );
          }}
        >
          {connector.icon !== undefined && <img src={connector.icon.trim()} alt="" />}
          {connector.name}
        </button>
      ))}
      {connect.isPending && (
        <p role="status">Waiting for your wallet: it may have opened a window of its own.</p>
      )}
      {error !== undefined && <Failure error={error} />}
      {connectors.every((connector) => pairingOf(connector) !== undefined) && <OpenInWallet />}
    </>
  );
}

function Connected(): ReactElement {
  const { account, wrongNetwork, walletChainId, isSafe } = useWallet();
  const { store } = useFederation();
  const connection = useConnection();
  const disconnect = useDisconnect();
  const switching = useSwitchChain();
  const isContract = useContractAccount(account);
  return (
    <>
      {account !== undefined && <Account address={account} />}
      {account !== undefined && !wrongNetwork && <Balances account={account} />}
      <p className="card-note">
        {connection.connector?.name} · {wrongNetwork ? `chain ${walletChainId}` : store.network.name}
      </p>
      {isContract && (
        <p className="card-note">
          This account is a contract: it signs no permits, so each payment takes an approval first.
        </p>
      )}
      {wrongNetwork && isSafe && <SafeElsewhere />}
      {wrongNetwork && !isSafe && (
        <Notice
          tone="wait"
          action={
            <Button
              look="primary"
              disabled={switching.isPending}
              onClick={() => switching.mutate({ chainId: store.network.chainId })}
            >
              {switching.isPending ? "Waiting for your wallet…" : `Switch to ${store.network.name}`}
            </Button>
          }
        >
          <p>
            Your wallet is on chain {walletChainId}; this page shows {store.network.name} (chain{" "}
            {store.network.chainId}).
          </p>
        </Notice>
      )}
      {switching.error !== null && <Failure error={switching.error} />}
      <Button onClick={() => disconnect.mutate({})}>Disconnect</Button>
    </>
  );
}

function Failure({ error }: { readonly error: unknown }): ReactElement {
  const { message, hint } = explainError(error);
  return (
    <Notice tone="bad">
      <p>{message}</p>
      <p>{hint}</p>
    </Notice>
  );
}
