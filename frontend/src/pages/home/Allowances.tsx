import type { ReactElement } from "react";
import type { Hex } from "viem";
import { useFederation, useFederationState } from "#chain/useFederation.ts";
import { useToken } from "#chain/useToken.ts";
import type { Token } from "#chain/useToken.ts";
import { useView } from "#chain/useView.ts";
import { ActionButton } from "#transactions/ActionButton.tsx";
import { amount } from "#ui/format.ts";
import { Card } from "#ui/parts.tsx";
import { tokensOf } from "./tokensOf.ts";
import type { ContractName } from "@concordat/protocol/events/contracts";

const SPENDERS = ["TaskRegistry", "StakeVault"] as const satisfies readonly ContractName[];

/** An allowance from here on is none that anybody counts. */
const UNLIMITED = 2n ** 128n;

/** What the contracts may still take from the account, and a way to revoke it. */
export function Allowances({ account }: { readonly account: Hex }): ReactElement {
  const { federation } = useFederationState();
  const { store } = useFederation();
  const tokens = tokensOf(federation, store.network, ["rewardToken", "stakeToken"]);
  return (
    <Card
      title="Allowances"
      note="This page only ever asks for the exact amount of a payment. What is left over here, for example after a payment that failed, can be revoked."
    >
      {tokens.flatMap((token) =>
        SPENDERS.map((spender) => (
          <Allowance key={`${token}-${spender}`} account={account} token={token} spender={spender} />
        )),
      )}
    </Card>
  );
}

interface AllowanceProps {
  readonly account: Hex;
  readonly token: Hex;
  readonly spender: (typeof SPENDERS)[number];
}

function Allowance({ account, token, spender }: AllowanceProps): ReactElement {
  const { store } = useFederation();
  const facts = useToken(token);
  const address = store.contracts[spender];
  const allowance = useView<bigint>({
    contract: "Token",
    address: token,
    functionName: "allowance",
    args: [account, address],
  });
  const value = allowance.data ?? 0n;
  return (
    <div className="row-spread">
      <span>
        {spender} may take {words(allowance.data, facts)}
      </span>
      {value > 0n && (
        <ActionButton
          small
          call={{
            key: `revoke:${token}:${spender}`,
            label: `Revoke ${spender}’s allowance`,
            contract: "Token",
            address: token,
            functionName: "approve",
            args: [address, 0n],
          }}
          onConfirmed={() => void allowance.refetch()}
        >
          Revoke
        </ActionButton>
      )}
    </div>
  );
}

function words(value: bigint | undefined, token: Token | undefined): string {
  if (value === undefined) return "…";
  if (value === 0n) return `no ${token?.symbol ?? "tokens"}`;
  return value >= UNLIMITED ? `any amount of ${token?.symbol ?? "your tokens"}` : amount(value, token);
}
