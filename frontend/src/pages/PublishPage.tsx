import { useNavigate, useSearch } from "@tanstack/react-router";
import { useRef, useState } from "react";
import type { ReactElement } from "react";
import { isAddress, zeroAddress } from "viem";
import type { Address, Digest } from "@concordat/protocol/ids";
import { escrowOf } from "@concordat/protocol/rules/rewardSchedule";
import { validateTerms } from "@concordat/protocol/rules/validateTerms";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { termsFrom } from "@concordat/protocol/terms/termsSettings";
import type { TermsFiles } from "@concordat/protocol/terms/termsSettings";
import { evaluationOf } from "@concordat/learning/tasks/taskFiles";
import { useTitle } from "../app/useTitle.ts";
import { explainError } from "../app/explainError.ts";
import { useFederation } from "../chain/useFederation.ts";
import { useTokenQuery } from "../chain/useToken.ts";
import { ERROR_WORDS } from "../transactions/errorWords.ts";
import { Button, Card, Notice, PageHead } from "../ui/parts.tsx";
import { useWallet } from "../wallet/useWallet.ts";
import { CommitteeStep } from "./publish/CommitteeStep.tsx";
import { Confirm } from "./publish/Confirm.tsx";
import type { Draft, DraftFaults } from "./publish/draft.ts";
import { draftDataset } from "./publish/draftDataset.ts";
import type { DraftForm } from "./publish/DraftFields.tsx";
import { draftFaults } from "./publish/draftFaults.ts";
import { draftKey, useDraft } from "./publish/draftStore.ts";
import type { DraftNews } from "./publish/draftStore.ts";
import { draftTerms } from "./publish/draftTerms.ts";
import { EscrowNote } from "./publish/EscrowNote.tsx";
import { ModelStep } from "./publish/ModelStep.tsx";
import { NegotiationStep } from "./publish/NegotiationStep.tsx";
import { PRESETS } from "./publish/presets.ts";
import { PrivacyStep } from "./publish/PrivacyStep.tsx";
import { RewardStep } from "./publish/RewardStep.tsx";
import { FAULT_STEPS, STEPS } from "./publish/steps.ts";
import { TrainingStep } from "./publish/TrainingStep.tsx";
import { useModel } from "./publish/useModel.ts";

const ANY_DIGEST = `0x${"1".repeat(64)}` as Digest;

const NEWS_WORDS: Readonly<Record<DraftNews, string>> = {
  "changed elsewhere": "This draft was changed in another tab; here it is as it stands there.",
  "gone elsewhere":
    "This draft was published in another tab. What you see here is a copy; the next change keeps it as a new draft.",
  "not kept": "This browser does not keep the draft: it is lost when you close the page.",
};

/** From an idea to a published task. What is typed stays in this browser, apart for each network. */
export function PublishPage(): ReactElement {
  useTitle("Publish");
  const { store } = useFederation();
  const key = draftKey({
    chainId: store.network.chainId,
    taskRegistry: store.contracts.TaskRegistry,
  });
  return <Wizard key={key} draftKey={key} />;
}

/** Six steps, one confirmation. */
function Wizard({ draftKey: key }: { readonly draftKey: string }): ReactElement {
  const { store } = useFederation();
  const { account } = useWallet();
  const kept = useDraft(key);
  const { change, news } = kept;
  const draft = withTokens(kept.draft, store.network.addressBook.tokens?.DevelopmentToken);
  const navigate = useNavigate();
  const { step: asked = 1 } = useSearch({ from: "/publish" });
  const step = Math.min(asked, STEPS.length + 1) - 1;
  const [furthest, setFurthest] = useState(step);
  const [replaced, setReplaced] = useState<{ readonly by: string; readonly draft: Draft }>();
  const rewardToken = useTokenQuery(isAddress(draft.rewardToken) ? draft.rewardToken : zeroAddress);
  const stakeToken = useTokenQuery(isAddress(draft.stakeToken) ? draft.stakeToken : zeroAddress);
  const dataset = draftDataset(draft).terms;
  const model = useModel(draft, dataset);

  const steps = useRef<HTMLOListElement>(null);
  const goTo = (next: number): void => {
    void navigate({ to: "/publish", search: next === 0 ? {} : { step: next + 1 } });
    steps.current?.scrollIntoView({ block: "nearest" });
    setFurthest(Math.max(furthest, next));
  };
  // What the trial step refused holds for the very draft that was tried.
  const [tried, setTried] = useState<{ readonly draft: string; readonly faults: DraftFaults }>();
  const refused = tried?.draft === JSON.stringify(draft) ? tried.faults : {};
  const faults: DraftFaults = {
    ...(model.error !== null && { model: faultWords(model.error) }),
    ...draftFaults(draft, { reward: rewardToken.data?.decimals, stake: stakeToken.data?.decimals }),
    ...refused,
    ...(Number(draft.rewardUnit) > 0 && rewardToken.isError && { rewardToken: NO_TOKEN }),
    ...(Number(draft.minStake) > 0 && stakeToken.isError && { stakeToken: NO_TOKEN }),
  };
  const isClean = Object.keys(faults).length === 0;
  const isLooking =
    model.isLoading ||
    (Number(draft.rewardUnit) > 0 && rewardToken.isLoading) ||
    (Number(draft.minStake) > 0 && stakeToken.isLoading);
  const termsFor = (files: TermsFiles): TaskTerms =>
    termsFrom(
      draftTerms(draft, {
        account: account ?? store.contracts.TaskRegistry,
        rewardDecimals: rewardToken.data?.decimals ?? 18,
        stakeDecimals: stakeToken.data?.decimals ?? 18,
        classes: dataset?.classes ?? 0,
      }),
      files,
      store.contracts as Readonly<Record<keyof typeof store.contracts, Address>>,
      Math.floor(store.now()),
    );
  const terms =
    isClean && dataset !== undefined
      ? termsFor({
          manifest: { evaluation: evaluationOf(dataset, Number(draft.maeScale)) },
          manifestFile: { bytes: { length: 0 }, digest: ANY_DIGEST },
          initialModel: { digest: ANY_DIGEST },
          maxArtifactBytes: 0,
        })
      : undefined;
  const refusal = terms === undefined ? undefined : validateTerms(terms, { now: Math.floor(store.now()) });
  const isConfirming = step === STEPS.length;
  const form: DraftForm = {
    draft: kept.draft,
    change,
    // On a step that is being filled in for the first time, what is still empty is no fault yet.
    faults: step < furthest ? faults : filledFaults(faults, draft),
  };

  return (
    <div className="stack">
      <PageHead
        title="Publish a task"
        lead="Say what is to be trained and by which rules. The rules cannot be changed once published; the draft is kept in this browser until then."
      />
      {step === 0 && (
        <Card title="Start from a preset">
          <ul className="presets">
            {PRESETS.map((preset) => (
              <li key={preset.name}>
                <Button
                  onClick={() => {
                    setReplaced({ by: preset.name, draft: kept.draft });
                    change({ ...preset.draft, name: draft.name, description: draft.description });
                  }}
                >
                  {preset.name}
                </Button>
                <span className="card-note">{preset.what}</span>
              </li>
            ))}
          </ul>
        </Card>
      )}
      {replaced !== undefined && (
        <Notice
          action={
            <>
              <Button
                small
                onClick={() => {
                  change(replaced.draft);
                  setReplaced(undefined);
                }}
              >
                Undo
              </Button>
              <Button small look="quiet" onClick={() => setReplaced(undefined)}>
                Keep it
              </Button>
            </>
          }
        >
          <p>The preset “{replaced.by}” replaced what you had, except the name and the description.</p>
        </Notice>
      )}
      {news !== undefined && (
        <Notice tone="wait">
          <p>{NEWS_WORDS[news]}</p>
        </Notice>
      )}
      <ol className="steps" aria-label="Steps" ref={steps}>
        {[...STEPS.map(([title]) => title), "Confirm"].map((title, index) => (
          <li key={title}>
            <button
              type="button"
              aria-current={index === step ? "step" : undefined}
              onClick={() => goTo(index)}
            >
              <span aria-hidden="true">{index + 1}</span>
              {title}
              {index < furthest && stepHasFault(index, faults, refusal?.error) && (
                <span className="field-error"> – to be corrected</span>
              )}
            </button>
          </li>
        ))}
      </ol>
      {isConfirming ? (
        isClean && refusal === undefined && !isLooking ? (
          <Confirm
            // What was made belongs to the draft as it was.
            key={JSON.stringify(draft)}
            draft={draft}
            termsFor={termsFor}
            onPublished={() => kept.forget(kept.draft)}
            onRefused={(found) => setTried({ draft: JSON.stringify(draft), faults: found })}
          />
        ) : (
          <Notice tone="wait">
            <p>
              {isLooking && isClean
                ? "Looking at the model and the tokens…"
                : "Some steps above are still to be corrected."}
            </p>
            {Object.values(refused).map((words) => (
              <p key={words}>{words}</p>
            ))}
          </Notice>
        )
      ) : (
        <Card title={STEPS[step]?.[0]}>
          {step === 0 && <ModelStep form={form} dataset={dataset} model={model} />}
          {step === 1 && <TrainingStep form={form} model={model.data} />}
          {step === 2 && <NegotiationStep form={form} isRegression={dataset?.classes === 1} />}
          {step === 3 && <CommitteeStep form={form} />}
          {step === 4 && <PrivacyStep form={form} dataset={dataset} />}
          {step === 5 && <RewardStep form={form} />}
        </Card>
      )}
      {refusal !== undefined && (
        <Notice tone="bad">
          <p>{ERROR_WORDS[refusal.error]?.(refusal.args) ?? refusal.error}</p>
          <p>This is what the contract would refuse.</p>
        </Notice>
      )}
      {terms !== undefined && !isConfirming && (
        <EscrowNote
          key={step}
          terms={terms}
          escrow={escrowOf(terms)}
          token={rewardToken.data}
          isOpen={step === STEPS.length - 1}
        />
      )}
      <div className="row">
        <Button disabled={step === 0} onClick={() => goTo(step - 1)}>
          Back
        </Button>
        {!isConfirming && (
          <Button look="primary" onClick={() => goTo(step + 1)}>
            {step === STEPS.length - 1 ? "To the confirmation" : "Next"}
          </Button>
        )}
      </div>
    </div>
  );
}

const NO_TOKEN = "No token answers at this address";

/** Where no token is named, the network's own one is meant. */
function withTokens(draft: Draft, token = ""): Draft {
  return {
    ...draft,
    rewardToken: draft.rewardToken === "" ? token : draft.rewardToken,
    stakeToken: draft.stakeToken === "" ? token : draft.stakeToken,
  };
}

function faultWords(error: unknown): string {
  const { message, hint } = explainError(error);
  return `${message} ${hint}`;
}

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
