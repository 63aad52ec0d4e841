import { useState } from "react";
import type { ReactElement } from "react";
import { isAddress, zeroAddress } from "viem";
import type { Digest } from "../../../protocol/ids.ts";
import { escrowOf } from "../../../protocol/rules/rewardSchedule.ts";
import { validateTerms } from "../../../protocol/rules/validateTerms.ts";
import type { TaskTerms } from "../../../protocol/taskTerms.ts";
import { useFederation } from "../chain/useFederation.ts";
import { useToken } from "../chain/useToken.ts";
import type { Token } from "../chain/useToken.ts";
import { ERROR_WORDS } from "../transactions/errorWords.ts";
import { amount } from "../ui/format.ts";
import { Button, Card, Notice, PageHead } from "../ui/parts.tsx";
import { useWallet } from "../wallet/useWallet.ts";
import { Confirm } from "./publish/Confirm.tsx";
import type { Draft } from "./publish/draft.ts";
import { PRESETS, STEPS, storeDraft, storedDraft } from "./publish/draft.ts";
import type { DraftFaults } from "./publish/draftTerms.ts";
import { draftFaults, draftTerms } from "./publish/draftTerms.ts";
import { FAULT_STEPS } from "./publish/faultSteps.ts";
import { StepFields } from "./publish/StepFields.tsx";

const ANY_DIGEST = `0x${"1".repeat(64)}` as Digest;

/** From an idea to a published task: six steps, one confirmation. What is typed stays in this browser. */
export function PublishPage(): ReactElement {
  const { store } = useFederation();
  const { account } = useWallet();
  const development = store.network.addressBook.tokens?.DevelopmentToken ?? "";
  const [draft, setDraft] = useState<Draft>(() => withTokens(storedDraft(), development));
  const [step, setStep] = useState(0);
  const [furthest, setFurthest] = useState(0);
  const rewardToken = useToken(isAddress(draft.rewardToken) ? draft.rewardToken : zeroAddress);
  const stakeToken = useToken(isAddress(draft.stakeToken) ? draft.stakeToken : zeroAddress);

  const change = (part: Partial<Draft>): void => {
    const next = { ...draft, ...part };
    setDraft(next);
    storeDraft(next);
  };
  const goTo = (next: number): void => {
    setStep(next);
    setFurthest(Math.max(furthest, next));
  };
  const faults = draftFaults(draft);
  const shown = step < furthest ? faults : filledFaults(faults, draft);
  const termsFor = (files: {
    manifestDigest: Digest;
    initialModelDigest: Digest;
    maxArtifactBytes: number;
  }): TaskTerms =>
    draftTerms(draft, {
      contracts: store.contracts,
      account: account ?? store.contracts.TaskRegistry,
      now: Math.floor(store.now()),
      rewardDecimals: rewardToken?.decimals ?? 18,
      stakeDecimals: stakeToken?.decimals ?? 18,
      ...files,
    });
  const clean = Object.keys(faults).length === 0;
  const terms = clean
    ? termsFor({ manifestDigest: ANY_DIGEST, initialModelDigest: ANY_DIGEST, maxArtifactBytes: 1 << 20 })
    : undefined;
  const fault = terms === undefined ? undefined : validateTerms(terms, { now: Math.floor(store.now()) });
  const last = step === STEPS.length;

  return (
    <div className="stack">
      <PageHead
        title="Publish a task"
        lead="Say what is to be trained and by which rules. The rules cannot be changed once published; the draft is kept in this browser until then."
      />
      <Card title="Start from a preset">
        <div className="row">
          {PRESETS.map(([name, what, preset]) => (
            <Button
              key={name}
              title={what}
              onClick={() =>
                change(
                  withTokens({ ...preset, name: draft.name, description: draft.description }, development),
                )
              }
            >
              {name}
            </Button>
          ))}
        </div>
        <p className="card-note">{PRESETS.map(([name, what]) => `${name}: ${what}`).join(". ")}.</p>
      </Card>
      <ol className="steps" aria-label="Steps">
        {[...STEPS.map(([title]) => title), "Confirm"].map((title, index) => (
          <li key={title}>
            <button
              type="button"
              aria-current={index === step ? "step" : undefined}
              onClick={() => goTo(index)}
            >
              <span aria-hidden="true">{index + 1}</span>
              {title}
              {index < furthest && stepHasFault(index, faults, fault?.error) && (
                <span className="field-error"> – to be corrected</span>
              )}
            </button>
          </li>
        ))}
      </ol>
      {last ? (
        <Confirm
          draft={draft}
          ready={clean && fault === undefined}
          termsFor={termsFor}
          onPublished={() => storeDraft(undefined)}
        />
      ) : (
        <Card title={STEPS[step]?.[0]}>
          <StepFields step={step} draft={draft} faults={shown} change={change} />
        </Card>
      )}
      {fault !== undefined && fault.error !== "ZeroManifestDigest" && (
        <Notice tone="bad">
          <p>{ERROR_WORDS[fault.error]?.(fault.args) ?? fault.error}</p>
          <p>This is what the contract would refuse.</p>
        </Notice>
      )}
      {terms !== undefined && <EscrowNote terms={terms} token={rewardToken} />}
      <div className="row">
        <Button disabled={step === 0} onClick={() => goTo(step - 1)}>
          Back
        </Button>
        {!last && (
          <Button look="primary" onClick={() => goTo(step + 1)}>
            {step === STEPS.length - 1 ? "To the confirmation" : "Next"}
          </Button>
        )}
      </div>
    </div>
  );
}

function withTokens(draft: Draft, development: string): Draft {
  return {
    ...draft,
    rewardToken: draft.rewardToken === "" ? development : draft.rewardToken,
    stakeToken: draft.stakeToken === "" ? development : draft.stakeToken,
  };
}

/** On a step that is being filled in for the first time, what is still empty is no fault yet. */
function filledFaults(faults: DraftFaults, draft: Draft): DraftFaults {
  return Object.fromEntries(Object.entries(faults).filter(([field]) => draft[field as keyof Draft] !== ""));
}

function stepHasFault(index: number, faults: DraftFaults, error: string | undefined): boolean {
  const fields: readonly (keyof Draft)[] = STEPS[index]?.[1] ?? [];
  return (
    fields.some((field) => faults[field] !== undefined) ||
    (error !== undefined && FAULT_STEPS[error] === index)
  );
}

function EscrowNote({
  terms,
  token,
}: {
  readonly terms: TaskTerms;
  readonly token: Token | undefined;
}): ReactElement {
  const escrow = escrowOf(terms);
  const { maxNodes, rounds, reputationInitial, reputationMax } = terms;
  return (
    <Notice>
      <p>
        Escrow: <strong>{escrow === 0n ? "none" : amount(escrow, token)}</strong>
      </p>
      {escrow > 0n && (
        <p>
          The worst case is paid in at publication: {maxNodes} nodes, accepted in each of {rounds} rounds,
          with a reputation that rises from {reputationInitial} by one a round to at most {reputationMax},
          times the reward a point. What nobody earned comes back to you when the task has ended.
        </p>
      )}
    </Notice>
  );
}
