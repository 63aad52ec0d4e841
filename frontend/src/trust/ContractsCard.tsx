import type { ReactElement } from "react";
import { zeroAddress } from "viem";
import type { Hex } from "viem";
import { useFederation } from "../chain/useFederation.ts";
import { useToken } from "../chain/useToken.ts";
import { Badge, Card } from "../ui/parts.tsx";
import { Said } from "../ui/Said.tsx";
import type { TrustTerms } from "./foreign.ts";

/** The contracts and tokens that a task's terms name, in full, beside those of the address book. */
export function ContractsCard({ terms }: { readonly terms: TrustTerms }): ReactElement {
  const { contracts, tokens } = useFederation().store.network.addressBook;
  const named = [
    ["Coordinator", terms.coordinator, contracts.RoundCoordinator],
    ["Stake vault", terms.stakeVault, contracts.StakeVault],
    ["Reward ledger", terms.rewardLedger, contracts.RewardLedger],
    ["Reward token", terms.rewardToken, tokens?.DevelopmentToken],
    ["Stake token", terms.stakeToken, tokens?.DevelopmentToken],
  ] as const;
  return (
    <Card title="Contracts and tokens" note="Each compared with this page’s address book.">
      <dl className="terms">
        {named
          .filter(([, address]) => String(address) !== zeroAddress)
          .map(([name, address, expected]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="row">
                <code className="long">{address}</code>
                {name.endsWith("token") && <Symbol address={address} />}
                {address.toLowerCase() === expected?.toLowerCase() ? (
                  <Badge tone="good">in the address book</Badge>
                ) : (
                  <Badge tone="bad">not in the address book</Badge>
                )}
              </dd>
            </div>
          ))}
      </dl>
    </Card>
  );
}

function Symbol({ address }: { readonly address: Hex }): ReactElement {
  const token = useToken(address);
  return token === undefined ? <></> : <Said text={token.symbol} />;
}
