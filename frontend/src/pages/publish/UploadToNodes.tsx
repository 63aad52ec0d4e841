import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { ReactElement } from "react";
import { useConfig } from "wagmi";
import { signTypedData } from "wagmi/actions";
import type { NamedBytes } from "@concordat/learning/tasks/taskFiles";
import type { Address } from "@concordat/protocol/ids";
import { GRANT_TYPES, grantDomain } from "@concordat/protocol/messages/uploads";
import { Failed } from "#app/Failed.tsx";
import { explainError } from "#app/explainError.ts";
import { useGateways } from "#artifacts/useGateways.ts";
import { useFederation, useFederationState } from "#chain/useFederation.ts";
import { CheckField } from "#ui/Field.tsx";
import { bytes, count, duration } from "#ui/format.ts";
import { Button, Notice } from "#ui/parts.tsx";
import { askNode, type NodeAnswer, type UploadNode } from "#uploads/askNode.ts";
import { grantFor, handOver, type HandOverState, type Taker } from "#uploads/handOver.ts";
import { REFUSAL_WORDS } from "#uploads/refusalWords.ts";
import { useWallet } from "#wallet/useWallet.ts";

interface Props {
  readonly files: readonly NamedBytes[];
  readonly onStored: (stored: boolean) => void;
}

/** The members' nodes that take files from the reader's account: no terminal is needed, and no node of one's own. */
export function UploadToNodes({ files, onStored }: Props): ReactElement {
  const { store } = useFederation();
  const { federation } = useFederationState();
  const { account } = useWallet();
  const members = [...federation.nodes.values()].filter(({ isMember }) => isMember).length;
  const nodes = useReachableNodes();
  const answers = useQuery({
    queryKey: ["upload offers", store.network.chainId, account, nodes],
    enabled: account !== undefined,
    staleTime: 60_000,
    queryFn: () => Promise.all(nodes.map((node) => askNode(node, account ?? "", store.network))),
  });
  if (account === undefined) {
    return (
      <p className="card-note">
        This network has {count(members, "node")}. Connect a wallet to see which of them take the files from
        your account.
      </p>
    );
  }
  if (answers.data === undefined) {
    return <p role="status">Asking {count(nodes.length, "node")} whether they take files from you…</p>;
  }
  return (
    <section className="stack-tight" aria-label="Hand the files to nodes">
      <Tally members={members} answers={answers.data} onAskAgain={() => void answers.refetch()} />
      <Choice
        key={account}
        account={account as Address}
        takers={answers.data.filter((answer) => answer.kind === "takes")}
        files={files}
        onStored={onStored}
      />
    </section>
  );
}

/** Members with a gateway that this page may ask. */
function useReachableNodes(): readonly UploadNode[] {
  const origins = new Map<number, string[]>();
  for (const { nodeId, origin, unreachable } of useGateways()) {
    if (nodeId === undefined || unreachable !== undefined) continue;
    origins.set(nodeId, [...(origins.get(nodeId) ?? []), origin]);
  }
  return [...origins].map(([nodeId, found]) => ({ nodeId, origins: found }));
}

interface TallyProps {
  readonly members: number;
  readonly answers: readonly NodeAnswer[];
  readonly onAskAgain: () => void;
}

/** How many nodes there are, how many take files, and why the others do not. */
function Tally({ members, answers, onAskAgain }: TallyProps): ReactElement {
  const taking = answers.filter(({ kind }) => kind === "takes").length;
  const refusing = answers.filter((answer) => answer.kind === "refuses");
  const silent = members - taking - refusing.length;
  const reasons = [...new Set(refusing.map(({ reason }) => reason))];
  return (
    <>
      <p>
        This network has {count(members, "node")}. {takingWords(taking)}
      </p>
      {(refusing.length > 0 || silent > 0) && (
        <ul className="card-note">
          {reasons.map((reason) => {
            const nodes = refusing.filter((each) => each.reason === reason).map(({ nodeId }) => nodeId);
            return (
              <li key={reason}>
                Node{nodes.length > 1 && "s"} {nodes.join(", ")}: {REFUSAL_WORDS[reason].join(". ")}.
              </li>
            );
          })}
          {silent > 0 && (
            <li>
              {count(silent, "node")} {silent === 1 ? "does" : "do"} not answer this page: unreachable from a
              browser, or of operators who take no files.
            </li>
          )}
        </ul>
      )}
      <div className="row">
        <Button small onClick={onAskAgain}>
          Ask them again
        </Button>
      </div>
    </>
  );
}

function takingWords(taking: number): string {
  if (taking === 0) return "None of them takes files from your account.";
  return taking === 1 ? "One takes files from your account." : `${taking} take files from your account.`;
}

interface ChoiceProps extends Props {
  readonly account: Address;
  readonly takers: readonly Taker[];
}

function Choice({ account, takers, files, onStored }: ChoiceProps): ReactElement {
  const { store } = useFederation();
  const { wrongNetwork } = useWallet();
  const config = useConfig();
  const total = files.reduce((sum, file) => sum + file.bytes.length, 0);
  const largest = Math.max(...files.map((file) => file.bytes.length));
  const fitting = takers.filter(({ offer }) => offer.freeBytes >= total && offer.maxBytes >= largest);
  const [first] = fitting;
  const [chosen, setChosen] = useState<ReadonlySet<number>>();
  const [states, setStates] = useState<ReadonlyMap<number, HandOverState>>(new Map());
  const leaving = useLeaving();
  const picked = chosen ?? new Set(first === undefined ? [] : [first.nodeId]);
  const targets = fitting.filter(({ nodeId }) => picked.has(nodeId) && states.get(nodeId)?.kind !== "served");
  const give = useMutation({
    mutationFn: async () => {
      const { chainId, addressBook } = store.network;
      const grant = grantFor(account, targets, files);
      const signature = await signTypedData(config, {
        account,
        domain: grantDomain(chainId, addressBook.contracts.NodeRegistry),
        types: GRANT_TYPES,
        primaryType: "Upload",
        message: {
          ...grant,
          nodes: grant.nodes.map(BigInt),
          files: grant.files.map(({ digest, size }) => ({ digest, size: BigInt(size) })),
          expires: BigInt(grant.expires),
        },
      });
      const signal = leaving();
      const results = await Promise.all(
        targets.map((taker) =>
          handOver(
            taker,
            files,
            { ...grant, signature },
            (state) => setStates((all) => new Map(all).set(taker.nodeId, state)),
            signal,
          ),
        ),
      );
      if (results.includes(true)) onStored(true);
    },
  });
  if (takers.length === 0) return <></>;
  return (
    <>
      <fieldset className="stack-tight" disabled={give.isPending}>
        <legend className="card-note">
          Your wallet signs once for all that you choose; nothing is sent to the chain. A node that has both
          files serves them to all others.
        </legend>
        {takers.map(({ nodeId, offer }) => {
          const isFitting = fitting.some((each) => each.nodeId === nodeId);
          const words = roomWords(offer, total, largest);
          if (!isFitting) {
            return (
              <p key={nodeId}>
                Node {nodeId} {words}.
              </p>
            );
          }
          return (
            <CheckField
              key={nodeId}
              label={`Node ${nodeId}`}
              hint={words}
              checked={picked.has(nodeId)}
              onChange={(checked) => {
                const others = [...picked].filter((each) => each !== nodeId);
                setChosen(new Set(checked ? [...others, nodeId] : others));
              }}
            />
          );
        })}
      </fieldset>
      <div className="row">
        <Button
          look="primary"
          disabled={give.isPending || targets.length === 0 || wrongNetwork}
          onClick={() => give.mutate()}
        >
          {give.isPending ? "Handing over…" : `Hand both files over (${bytes(total)})`}
        </Button>
      </div>
      {[...states].map(([nodeId, state]) => (
        <Progress key={nodeId} nodeId={nodeId} state={state} />
      ))}
      {give.error !== null && <Failed error={give.error} />}
    </>
  );
}

function roomWords(
  { maxBytes, freeBytes, keepSeconds }: Taker["offer"],
  total: number,
  largest: number,
): string {
  if (maxBytes < largest) return `takes files of at most ${bytes(maxBytes)}, and one has ${bytes(largest)}`;
  if (freeBytes < total)
    return `has room for ${bytes(freeBytes)} more from you, and both have ${bytes(total)}`;
  return `keeps them for ${duration(keepSeconds)}, and for good once a task names them`;
}

function Progress({
  nodeId,
  state,
}: {
  readonly nodeId: number;
  readonly state: HandOverState;
}): ReactElement {
  switch (state.kind) {
    case "waiting":
      return <p role="status">Node {nodeId}: waiting…</p>;
    case "sending": {
      const percent = Math.floor(state.share * 100);
      return (
        <p>
          <label>
            Node {nodeId}: {percent} % sent <progress max={100} value={percent} />
          </label>
        </p>
      );
    }
    case "checking":
      return <p role="status">Node {nodeId} has them; fetching both back to check…</p>;
    case "served":
      return <p role="status">Node {nodeId} serves both files: fetched back by their digests, and right.</p>;
    case "failed": {
      const { message, hint } = explainError(state.error);
      return (
        <Notice tone="bad">
          <p>{message}</p>
          <p>{hint}</p>
        </Notice>
      );
    }
  }
}

/** Stops what is on its way when the page is left. */
function useLeaving(): () => AbortSignal {
  const controller = useRef<AbortController>(undefined);
  useEffect(() => () => controller.current?.abort(), []);
  return () => {
    if (controller.current?.signal.aborted !== false) controller.current = new AbortController();
    return controller.current.signal;
  };
}
