import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { ReactElement } from "react";
import { parseEventLogs } from "viem";
import type { Hex } from "viem";
import type { Digest } from "../../../../protocol/ids.ts";
import { escrowOf } from "../../../../protocol/rules/rewardSchedule.ts";
import type { TaskTerms } from "../../../../protocol/taskTerms.ts";
import { Failed } from "../../app/Failed.tsx";
import { useFederation } from "../../chain/useFederation.ts";
import { useToken } from "../../chain/useToken.ts";
import { useView } from "../../chain/useView.ts";
import { ABIS } from "../../events/contracts.ts";
import { useIsActive } from "../../transactions/ActionButton.tsx";
import { usePayment } from "../../transactions/usePayment.ts";
import { Hash } from "../../ui/Account.tsx";
import { CheckField } from "../../ui/Field.tsx";
import { amount, bytes, count, date, percent, ratio, span } from "../../ui/format.ts";
import { Button, Card, Facts, Notice } from "../../ui/parts.tsx";
import { saveFile } from "../../ui/saveFile.ts";
import { useWallet } from "../../wallet/useWallet.ts";
import type { TaskFiles } from "./buildFiles.ts";
import type { Draft } from "./draft.ts";

interface Props {
  readonly draft: Draft;
  /** Whether the contract would take the terms. */
  readonly ready: boolean;
  readonly termsFor: (files: {
    manifestDigest: Digest;
    initialModelDigest: Digest;
    maxArtifactBytes: number;
  }) => TaskTerms;
  readonly onPublished: () => void;
}

/** The last step: make the files, put them where nodes find them, see everything once more, and publish. */
export function Confirm({ draft, ready, termsFor, onPublished }: Props): ReactElement {
  const { config } = useFederation();
  const [stored, setStored] = useState(false);
  const make = useMutation({
    mutationFn: async () => {
      const { buildFiles } = await import("./buildFiles.ts");
      return buildFiles(draft);
    },
  });
  const pin = useMutation({
    mutationFn: async ({ manifest, initial }: TaskFiles) => {
      const { pinToKubo } = await import("./pinToKubo.ts");
      if (config.kuboRpcUrl === undefined) return;
      await pinToKubo(config.kuboRpcUrl, manifest);
      await pinToKubo(config.kuboRpcUrl, initial);
    },
    onSuccess: () => setStored(true),
  });
  const files = make.data;
  if (!ready) {
    return (
      <Notice tone="wait">
        <p>Some steps above are still to be corrected.</p>
      </Notice>
    );
  }
  return (
    <>
      <Card
        title="1. Files"
        note="The manifest and the initial model are made here, and named on the chain by their digests."
      >
        {files === undefined ? (
          <Button look="primary" disabled={make.isPending} onClick={() => make.mutate()}>
            {make.isPending ? "Making the files…" : "Make manifest and initial model"}
          </Button>
        ) : (
          <>
            {[files.manifest, files.initial].map(({ name, bytes: content, dag }) => (
              <div key={name} className="row">
                <strong>{name}</strong> {bytes(content.length)} <Hash value={dag.digest} />
                <Button small onClick={() => saveFile(name, content, "application/octet-stream")}>
                  Save
                </Button>
              </div>
            ))}
            {config.kuboRpcUrl === undefined ? (
              <>
                <p className="card-note">
                  Save both, and put them into the store of a node that takes part:{" "}
                  <code>
                    concordat artifact add manifest.json initial-model.safetensors --config node.yaml
                  </code>
                </p>
                <CheckField label="The files are in a node’s store" checked={stored} onChange={setStored} />
              </>
            ) : (
              <Button disabled={pin.isPending || stored} onClick={() => pin.mutate(files)}>
                {stored
                  ? "Pinned"
                  : pin.isPending
                    ? "Pinning…"
                    : `Pin both at ${new URL(config.kuboRpcUrl).host}`}
              </Button>
            )}
            {pin.error !== null && <Failed error={pin.error} />}
          </>
        )}
        {make.error !== null && <Failed error={make.error} />}
      </Card>
      {files !== undefined && (
        <Publication
          terms={termsFor({
            manifestDigest: files.manifest.dag.digest,
            initialModelDigest: files.initial.dag.digest,
            maxArtifactBytes: files.maxArtifactBytes,
          })}
          stored={stored}
          onPublished={onPublished}
        />
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
  const navigate = useNavigate();
  const busy = useIsActive("publish");
  const rewardToken = useToken(terms.rewardToken as Hex);
  const stakeToken = useToken(terms.stakeToken as Hex);
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
    <Card title="2. Publish" note="Read it once more: nothing of it can be changed afterwards.">
      <Facts
        facts={[
          ["Rounds", String(terms.rounds)],
          ["Nodes", span(terms.minNodes, terms.maxNodes)],
          ["No round starts after", date(terms.timeLimit)],
          [
            "Alpha",
            `${ratio(terms.alphaLowerBps)} to ${ratio(terms.alphaUpperBps)}, ${count(terms.negotiationSteps, "candidate")}`,
          ],
          ["Quorum", percent(terms.quorumBps)],
          ["Reward a point", terms.rewardUnit === 0n ? "none" : amount(terms.rewardUnit, rewardToken)],
          ["Stake to join", terms.minStake === 0n ? "none" : amount(terms.minStake, stakeToken)],
          ["Escrow, paid now", escrow === 0n ? "none" : amount(escrow, rewardToken)],
          ["You own", balance.data === undefined ? "…" : amount(balance.data, rewardToken)],
        ]}
      />
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
      <Button
        look="primary"
        disabled={busy || account === undefined || wrongNetwork || short || !stored}
        title={stored ? undefined : "First put the files where nodes find them"}
        onClick={() => void publish()}
      >
        {busy ? "Under way…" : "Publish the task"}
      </Button>
    </Card>
  );
}
