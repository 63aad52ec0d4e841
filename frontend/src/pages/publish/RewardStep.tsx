import type { ReactElement } from "react";
import { zeroAddress } from "viem";
import { useFederation } from "../../chain/useFederation.ts";
import { useToken } from "../../chain/useToken.ts";
import { DraftCheck, DraftText, MoreFields } from "./DraftFields.tsx";
import type { DraftForm } from "./DraftFields.tsx";

/** What nodes earn, what they put at stake, and who judges. */
export function RewardStep({ form }: { readonly form: DraftForm }): ReactElement {
  const token = useToken(useFederation().store.network.addressBook.tokens?.DevelopmentToken ?? zeroAddress);
  const ownToken = token === undefined ? undefined : `Left empty: this network’s own, ${token.symbol}.`;
  return (
    <div className="stack">
      <div className="grid-2">
        <DraftText
          form={form}
          name="rewardUnit"
          label="Reward per point of reputation"
          hint="In whole tokens, for each accepted update. 0 for no reward."
        />
        <DraftText form={form} name="rewardToken" label="Reward token (address)" hint={ownToken} words />
        <DraftText form={form} name="reputationInitial" label="Reputation at the start (h)" />
        <DraftText form={form} name="reputationMax" label="Reputation at most" />
        <DraftText form={form} name="minStake" label="Stake to join" hint="In whole tokens. 0 for none." />
        <DraftText form={form} name="stakeToken" label="Stake token (address)" hint={ownToken} words />
        <DraftText
          form={form}
          name="arbiter"
          label="Arbiter (address)"
          hint="Decides disputes. Left empty: you."
          words
        />
        <DraftText
          form={form}
          name="slashRecipient"
          label="Slashed stake goes to (address)"
          hint="Left empty: you."
          words
        />
      </div>
      <MoreFields
        title="More about reputation and slashing"
        form={form}
        fields={["strict", "penaliseUnavailable", "penaliseSilent", "slashBounty"]}
      >
        <div className="stack-tight">
          <DraftCheck
            form={form}
            name="strict"
            label="A rejected node below the first reputation does not climb"
          />
          <DraftCheck
            form={form}
            name="penaliseUnavailable"
            label="An update that could not be fetched costs reputation"
          />
          <DraftCheck form={form} name="penaliseSilent" label="A node that posts nothing loses reputation" />
        </div>
        <DraftText
          form={form}
          name="slashBounty"
          label="Bounty for whoever proves a fault, at most"
          hint="In whole stake tokens, out of what is slashed."
        />
      </MoreFields>
    </div>
  );
}
