import type { ReactElement } from "react";
import { zeroAddress } from "viem";
import { useFederation } from "#chain/useFederation.ts";
import { useToken } from "#chain/useToken.ts";
import { MoreFields } from "./DraftFields.tsx";
import type { DraftForm } from "./DraftFields.tsx";
import { TermField, TermFields } from "./TermField.tsx";

const FLAGS = ["strictReputation", "penaliseUnavailable", "penaliseSilent"] as const;

/** What nodes earn, what they put at stake, and who judges. */
export function RewardStep({ form }: { readonly form: DraftForm }): ReactElement {
  const token = useToken(useFederation().store.network.addressBook.tokens?.DevelopmentToken ?? zeroAddress);
  const ownToken = token === undefined ? undefined : `Left empty: this network’s own, ${token.symbol}.`;
  return (
    <div className="stack">
      <div className="grid-2">
        <TermField form={form} name="rewardUnit" />
        <TermField form={form} name="rewardToken" more={ownToken} />
        <TermFields form={form} names={["reputationInitial", "reputationMax", "minStake"]} />
        <TermField form={form} name="stakeToken" more={ownToken} />
        <TermField form={form} name="arbiter" more="Left empty: you." />
        <TermField form={form} name="slashRecipient" more="Left empty: you." />
      </div>
      <MoreFields title="More about reputation and slashing" form={form} fields={[...FLAGS, "slashBounty"]}>
        <div className="stack-tight">
          <TermFields form={form} names={FLAGS} />
        </div>
        <TermField form={form} name="slashBounty" />
      </MoreFields>
    </div>
  );
}
