import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { ReactElement } from "react";
import { parseEventLogs } from "viem";
import type { Hex } from "viem";
import type { TaskFiles } from "@concordat/learning/tasks/taskFiles";
import { escrowOf } from "@concordat/protocol/rules/rewardSchedule";
import { hardEndOf } from "@concordat/protocol/rules/roundClock";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { Failed } from "#app/Failed.tsx";
import { useFederation, useFederationState } from "#chain/useFederation.ts";
import { useToken } from "#chain/useToken.ts";
import { useView } from "#chain/useView.ts";
import { useIsActive } from "#transactions/ActionButton.tsx";
import { ForeignAddresses } from "#trust/ForeignAddresses.tsx";
import { useForeignToken } from "#trust/useForeign.ts";
import { usePayment } from "#transactions/usePayment.ts";
import { Button, Card, Facts, Notice } from "#ui/parts.tsx";
import { useWallet } from "#wallet/useWallet.ts";
import { Said } from "#ui/Said.tsx";
import { TermsTab } from "../task/TermsTab.tsx";
import { Delivery } from "./Delivery.tsx";
import type { Draft, DraftFaults } from "./draft.ts";
import { escrowWords } from "./escrowWords.ts";
import { privacyQuery } from "./privacyQuery.ts";
import { tokenAmount } from "./tokenAmount.ts";
import { TrialRefusedError } from "./trialFault.ts";
import { ABIS } from "@concordat/protocol/events/contracts";

interface Props {
  readonly draft: Draft;
  readonly termsFor: (files: TaskFiles) => TaskTerms;
  readonly onPublished: () => void;
  /** Told when a step of the task fails here, as it would at every node. */
  readonly onRefused: (faults: DraftFaults) => void;
}

/** The last step: make the files, put them where nodes find them, see everything once more, and publish. */
export function Confirm({ draft, termsFor, onPublished, onRefused }: Props): ReactElement {
  const [stored, setStored] = useState(false);
  const client = useQueryClient();
  const make = useMutation({
    mutationFn: async () => {
      const { buildFiles } = await import("./buildFiles.ts");
      return buildFiles(draft, (request) => client.fetchQuery(privacyQuery(request)));
    },
    onError: (error) => {
      if (error instanceof TrialRefusedError) onRefused(error.faults);
    },
  });
  const files = make.data;
  const terms = files && termsFor(files);
  const { account } = useWallet();
  const hasParties = account !== undefined || (draft.arbiter !== "" && draft.slashRecipient !== "");
  return (
    <>
      <Card
        title="1. Files"
        note="The manifest and the initial model are made here, after one step of training was tried with them, and named on the chain by their digests."
      >
        {files === undefined ? (
          <Button look="primary" disabled={make.isPending} onClick={() => make.mutate()}>
            {make.isPending ? "Making the files…" : "Make manifest and initial model"}
          </Button>
        ) : (
          <Delivery files={files} stored={stored} onStored={setStored} />
        )}
        {make.error !== null && <Failed error={make.error} />}
      </Card>
      {files !== undefined && terms !== undefined && (
        <>
          <section className="stack" aria-label="2. What everyone consents to">
            <div>
              <h2>2. What everyone consents to</h2>
              <p className="card-note">
                As the task’s page will say it to those who may join. Nothing of it can be changed afterwards.
              </p>
            </div>
            {hasParties ? (
              <>
                <Card
                  title={<Said text={files.manifest.name} />}
                  note={<Said text={files.manifest.description} />}
                />
                <TermsTab
                  task={{
                    terms,
                    active: [],
                    hardEnd: hardEndOf(terms),
                    escrow: escrowOf(terms),
                    escrowLeft: escrowOf(terms),
                  }}
                  manifest={files.manifest}
                />
              </>
            ) : (
              <Notice tone="wait">
                <p>
                  Connect a wallet to see all terms: its account is the arbiter, and receives what is slashed,
                  where you name no other.
                </p>
              </Notice>
            )}
          </section>
          <Publication terms={terms} stored={stored} onPublished={onPublished} />
        </>
      )}
    </>
  );
}

interface PublicationProps {
  readonly terms: TaskTerms;
  readonly stored: boolean;
  readonly onPublished: () => void;
}

function Publication({ terms, stored, onPublished }: PublicationProps): ReactElement {
  const { store } = useFederation();
  const { account, wrongNetwork } = useWallet();
  const pay = usePayment();
  const consent = useForeignToken("rewardToken", terms.rewardToken as Hex);
  const navigate = useNavigate();
  const busy = useIsActive("publish");
  const { federation } = useFederationState();
  const published = [...federation.tasks.values()].findLast(
    (task) => task.publisher === account && task.terms.manifestDigest === terms.manifestDigest,
  );
  const rewardToken = useToken(terms.rewardToken as Hex);
  const escrow = escrowOf(terms);
  const balance = useView<bigint>({
    contract: "Token",
    address: terms.rewardToken as Hex,
    functionName: "balanceOf",
    args: [account],
    enabled: account !== undefined && escrow > 0n,
  });
  const short = escrow > 0n && balance.data !== undefined && balance.data < escrow;

  const publish = async (): Promise<void> => {
    const receipt = await pay({
      token: terms.rewardToken as Hex,
      spender: store.contracts.TaskRegistry,
      amount: escrow,
      confirmed: consent.confirmed,
      call: (permit) => ({
        key: "publish",
        label: "Publish the task",
        contract: "TaskRegistry",
        functionName: "publish",
        args: [terms, permit],
      }),
    });
    if (receipt === undefined) return;
    const [event] = parseEventLogs({
      abi: ABIS.TaskRegistry,
      eventName: "TaskPublished",
      logs: receipt.logs,
    });
    onPublished();
    await store.advance();
    if (event !== undefined)
      await navigate({ to: "/tasks/$taskId", params: { taskId: String(event.args.taskId) } });
  };

  return (
    <Card title="3. Publish" note="What you pay and what comes back.">
      <Facts
        facts={[
          ["Escrow, paid now", escrow === 0n ? "none" : tokenAmount(escrow, rewardToken)],
          ...(account === undefined || escrow === 0n
            ? []
            : [
                [
                  "You own",
                  balance.data === undefined ? "…" : tokenAmount(balance.data, rewardToken),
                ] as const,
              ]),
        ]}
      />
      {escrow > 0n && (
        <dl className="terms">
          {escrowWords(terms, rewardToken).map(([name, words]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{words}</dd>
            </div>
          ))}
        </dl>
      )}
      {account === undefined && (
        <Notice tone="wait">
          <p>Connect a wallet to publish.</p>
        </Notice>
      )}
      {short && (
        <Notice tone="bad">
          <p>
            Your account owns less than the escrow. Lower the reward, the rounds or the nodes, or get more of
            the token.
          </p>
        </Notice>
      )}
      {published !== undefined && (
        <Notice tone="wait">
          <p>
            You have published this manifest already, as{" "}
            <Link to="/tasks/$taskId" params={{ taskId: String(published.taskId) }}>
              task {published.taskId}
            </Link>
            . Publishing once more makes another task, with an escrow of its own.
          </p>
        </Notice>
      )}
      {escrow > 0n && <ForeignAddresses consent={consent} />}
      <Button
        look="primary"
        disabled={
          busy ||
          account === undefined ||
          wrongNetwork ||
          short ||
          !stored ||
          (escrow > 0n && !consent.isGiven)
        }
        title={stored ? undefined : "First put the files where nodes find them"}
        onClick={() => void publish()}
      >
        {busy ? "Under way…" : "Publish the task"}
      </Button>
    </Card>
  );
}
