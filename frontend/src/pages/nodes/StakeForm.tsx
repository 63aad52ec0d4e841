import { useState } from "react";
import type { ReactElement } from "react";
import type { Hex } from "viem";
import { useChainTime, useFederation } from "#chain/useFederation.ts";
import { useToken } from "#chain/useToken.ts";
import { useView } from "#chain/useView.ts";
import { ActionButton, useIsActive } from "#transactions/ActionButton.tsx";
import { ForeignAddresses } from "#trust/ForeignAddresses.tsx";
import type { ForeignConsent } from "#trust/useForeign.ts";
import { useForeignToken } from "#trust/useForeign.ts";
import { usePayment } from "#transactions/usePayment.ts";
import { amount, date, duration } from "#ui/format.ts";
import { parseAmount } from "#ui/parseAmount.ts";
import { Button, Facts } from "#ui/parts.tsx";
import { TextField } from "#ui/Field.tsx";
import { useWallet } from "#wallet/useWallet.ts";
import type { NodeRecord } from "@concordat/protocol/history/federationState";

interface Pending {
  readonly amount: bigint;
  readonly releaseTime: number;
}

/** A node's stake in one token: add to it where the node is a member, start its withdrawal, take out what is due. */
export function StakeForm({
  node,
  token,
  wanted,
  trust,
}: {
  readonly node: NodeRecord;
  readonly token: Hex;
  readonly wanted?: bigint;
  /** Whom the stake is entrusted to, where that is decided around this form; else the token is asked for here. */
  readonly trust?: ForeignConsent;
}): ReactElement {
  const { store } = useFederation();
  const { account, wrongNetwork } = useWallet();
  const facts = useToken(token);
  const now = useChainTime();
  const pay = usePayment();
  const ownConsent = useForeignToken("stakeToken", token);
  const consent = trust ?? ownConsent;
  const [text, setText] = useState("");
  const stake = node.stakes.get(token) ?? 0n;
  const balance = useView<bigint>({
    contract: "Token",
    address: token,
    functionName: "balanceOf",
    args: [account],
    enabled: account !== undefined,
  });
  const pending = useView<readonly Pending[]>({
    contract: "StakeVault",
    functionName: "pendingOf",
    args: [node.nodeId, token],
  });
  const unbondingPeriod = useView<bigint>({
    contract: "StakeVault",
    functionName: "unbondingPeriod",
    args: [],
  });
  const key = `deposit:${node.nodeId}:${token}`;
  const busy = useIsActive(key);
  const missing = wanted !== undefined && wanted > stake ? wanted - stake : undefined;
  const parsed = text === "" ? (missing ?? 0n) : parseAmount(text, facts?.decimals ?? 0);
  const value = typeof parsed === "bigint" ? parsed : 0n;
  const due = pending.data?.filter(({ releaseTime }) => releaseTime <= now) ?? [];
  return (
    <div className="stack-tight">
      <Facts
        facts={[
          ["Bonded", amount(stake, facts)],
          ["In your account", balance.data === undefined ? "…" : amount(balance.data, facts)],
          [
            "Unbonding takes",
            unbondingPeriod.data === undefined ? "…" : duration(Number(unbondingPeriod.data)),
          ],
        ]}
      />
      {trust === undefined && node.isMember && <ForeignAddresses consent={ownConsent} />}
      <TextField
        label={`Amount in ${facts?.symbol ?? "tokens"}`}
        inputMode="decimal"
        value={text}
        placeholder={missing === undefined ? "0" : amount(missing, facts)}
        hint={missing === undefined ? undefined : `The task asks for ${amount(missing, facts)} more.`}
        error={typeof parsed === "string" ? parsed : undefined}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="row">
        {node.isMember && (
          <Button
            look="primary"
            disabled={
              busy ||
              wrongNetwork ||
              !consent.isGiven ||
              account === undefined ||
              value === 0n ||
              (balance.data ?? 0n) < value
            }
            onClick={() => {
              void pay({
                token,
                spender: store.contracts.StakeVault,
                amount: value,
                confirmed: consent.confirmed,
                call: (permit) => ({
                  key,
                  label: `Stake ${amount(value, facts)}`,
                  contract: "StakeVault",
                  functionName: "deposit",
                  args: [node.nodeId, token, value, permit],
                }),
              }).then((receipt) => receipt !== undefined && setText(""));
            }}
          >
            {busy ? "Under way…" : "Stake"}
          </Button>
        )}
        <ActionButton
          disabled={value === 0n || value > stake}
          call={{
            key: `unbond:${node.nodeId}:${token}`,
            label: `Unbond ${amount(value, facts)}`,
            contract: "StakeVault",
            functionName: "unbond",
            args: [node.nodeId, token, value],
          }}
          onConfirmed={() => setText("")}
        >
          Unbond
        </ActionButton>
        {due.length > 0 && account !== undefined && (
          <ActionButton
            look="primary"
            call={{
              key: `withdraw:${node.nodeId}:${token}`,
              label: `Withdraw ${amount(
                due.reduce((sum, each) => sum + each.amount, 0n),
                facts,
              )}`,
              contract: "StakeVault",
              functionName: "withdraw",
              args: [node.nodeId, token, account],
            }}
          />
        )}
      </div>
      {node.isMember && balance.data !== undefined && value > balance.data && (
        <p className="field-error">
          This is more than you can stake: your account owns {amount(balance.data, facts)}.
        </p>
      )}
      {value > stake && stake > 0n && (
        <p className="card-note">This is more than you can unbond: {amount(stake, facts)} are bonded.</p>
      )}
      {pending.data?.map(({ amount: leaving, releaseTime }, index) => (
        <p key={index} className="card-note">
          {amount(leaving, facts)} on its way out,{" "}
          {releaseTime <= now ? "due now" : `due ${date(releaseTime)}`}; until it is withdrawn it can be
          slashed.
        </p>
      ))}
    </div>
  );
}
