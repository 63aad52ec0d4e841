import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import type { Hex } from "viem";
import { TaskState } from "@concordat/protocol/contracts/enums";
import { useChainTime, useFederation } from "#chain/useFederation.ts";
import { useToken } from "#chain/useToken.ts";
import { useView } from "#chain/useView.ts";
import { ActionButton } from "#transactions/ActionButton.tsx";
import { FeeNote } from "#transactions/FeeNote.tsx";
import type { ContractCall } from "#transactions/useSend.ts";
import { claimCall } from "#transactions/claimCall.ts";
import { amount } from "#ui/format.ts";
import { Card, Facts, Notice } from "#ui/parts.tsx";
import { useWallet } from "#wallet/useWallet.ts";
import { ForeignAddresses } from "#trust/ForeignAddresses.tsx";
import { useForeign } from "#trust/useForeign.ts";
import { StakeForm } from "../nodes/StakeForm.tsx";
import { currentOpening, currentPhase } from "@concordat/protocol/history/rounds";
import type { MemberRecord, NodeRecord, TaskRecord } from "@concordat/protocol/history/federationState";

/** What the reader can do in this task now. */
export function TakePart({ task }: { readonly task: TaskRecord }): ReactElement {
  const { account, wrongNetwork, ownNode, formerNodes } = useWallet();
  const formerMembers = [...task.members.values()].filter((member) =>
    formerNodes.some(({ nodeId }) => nodeId === member.nodeId),
  );
  if (account === undefined) {
    return (
      <Notice>
        <p>
          {isOpen(task)
            ? "Connect a wallet to join, to claim, or to move this task on."
            : "Connect a wallet to claim what its node has earned."}{" "}
          Reading needs none.
        </p>
      </Notice>
    );
  }
  if (wrongNetwork) {
    return (
      <Notice tone="wait">
        <p>Your wallet is on another network. Switch it (button above) to take part.</p>
      </Notice>
    );
  }
  return (
    <Card title={isOpen(task) ? "Take part" : "Your part"}>
      {formerMembers.map((member) => (
        <Earnings key={member.memberId} task={task} member={member} />
      ))}
      {ownNode === undefined ? (
        <NoNode isOpen={isOpen(task)} isFormer={formerNodes.length > 0} />
      ) : (
        <Membership task={task} node={ownNode} />
      )}
      <Publisher task={task} account={account} />
      <MoveOn task={task} />
    </Card>
  );
}

function isOpen({ state }: TaskRecord): boolean {
  return state === TaskState.Open || state === TaskState.Running;
}

function NoNode({
  isOpen: mayJoin,
  isFormer,
}: {
  readonly isOpen: boolean;
  /** Whether the account operated one. */
  readonly isFormer: boolean;
}): ReactElement {
  const words = `Your account operates no node${isFormer ? " any more" : " yet"}`;
  if (!mayJoin) return <p>{words}, and this task is over: it takes no more of them.</p>;
  return (
    <p>
      {words}. <Link to="/nodes">Register one</Link> to join.
    </p>
  );
}

function Membership({ task, node }: { readonly task: TaskRecord; readonly node: NodeRecord }): ReactElement {
  const { taskId, terms, queued } = task;
  const member = [...task.members.values()].find(({ nodeId }) => nodeId === node.nodeId);
  const open = isOpen(task);
  const token = terms.stakeToken as Hex;
  const short = terms.minStake > (node.stakes.get(token) ?? 0n);
  const wish = queued.get(node.nodeId);
  const inside = member?.active === true || wish === true;
  const consent = useForeign(terms, task.publisher);
  const join: ContractCall = {
    key: `join:${taskId}`,
    label: `Join task ${taskId} with node ${node.nodeId}`,
    contract: "TaskRegistry",
    functionName: "joinTask",
    args: [taskId, node.nodeId],
  };
  return (
    <>
      {member !== undefined && <Earnings task={task} member={member} />}
      {member === undefined && !open && <p>Your node {node.nodeId} took no part in this task.</p>}
      {wish !== undefined && <p>Your node {wish ? "joins" : "leaves"} when the next round opens.</p>}
      {open && !inside && <ForeignAddresses consent={consent} />}
      {open && !inside && short && (
        <>
          <p>
            First stake what the task asks for. It can be slashed only by the task’s arbiter, and withdrawn
            after unbonding.
          </p>
          <StakeForm node={node} token={token} wanted={terms.minStake} trust={consent} />
        </>
      )}
      <div className="row">
        {open && !inside && <ActionButton look="primary" disabled={short || !consent.isGiven} call={join} />}
        {open && inside && wish !== false && (
          <ActionButton
            call={{
              key: `leave:${taskId}`,
              label: `Leave task ${taskId}`,
              contract: "TaskRegistry",
              functionName: "leaveTask",
              args: [taskId, node.nodeId],
            }}
          />
        )}
      </div>
      {open && !inside && !short && consent.isGiven && <FeeNote call={join} />}
    </>
  );
}

interface LedgerAccount {
  readonly reputation: number;
  readonly earned: bigint;
  readonly claimed: bigint;
}

function Earnings({
  task,
  member,
}: {
  readonly task: TaskRecord;
  readonly member: MemberRecord;
}): ReactElement {
  const { account } = useWallet();
  const token = useToken(task.terms.rewardToken as Hex);
  const view = useView<LedgerAccount>({
    contract: "RewardLedger",
    functionName: "accountOf",
    args: [task.taskId, member.memberId],
  });
  if (view.data === undefined || account === undefined)
    return <p className="card-note">Reading your account…</p>;
  const { earned, claimed, reputation } = view.data;
  const claimable = earned - claimed;
  return (
    <>
      <Facts
        facts={[
          ["You are member", String(member.memberId)],
          ["Your reputation", String(reputation)],
          ["Earned", amount(earned, token)],
          ["To be claimed", amount(claimable, token)],
        ]}
      />
      {claimable > 0n && (
        <ActionButton
          look="primary"
          call={claimCall({ taskId: task.taskId, memberId: member.memberId, account, claimable, token })}
        />
      )}
    </>
  );
}

function Publisher({ task, account }: { readonly task: TaskRecord; readonly account: Hex }): ReactElement {
  const { taskId, publisher, state } = task;
  const token = useToken(task.terms.rewardToken as Hex);
  const ended = state === TaskState.Completed || state === TaskState.Aborted;
  const own = publisher.toLowerCase() === account.toLowerCase();
  const refundable = useView<bigint>({
    contract: "RewardLedger",
    functionName: "refundable",
    args: [taskId],
    enabled: own && ended,
  });
  if (!own) return <></>;
  return (
    <div className="row">
      {state === TaskState.Open && (
        <ActionButton
          look="danger"
          call={{
            key: `cancel:${taskId}`,
            label: `Cancel task ${taskId} and take the escrow back`,
            contract: "TaskRegistry",
            functionName: "cancel",
            args: [taskId],
          }}
        />
      )}
      {refundable.data !== undefined && refundable.data > 0n && (
        <ActionButton
          call={{
            key: `refund:${taskId}`,
            label: `Take back ${amount(refundable.data, token)} that nobody can earn any more`,
            contract: "RewardLedger",
            functionName: "refund",
            args: [taskId],
          }}
        />
      )}
    </div>
  );
}

/** What any account may do: start a task whose time has come, and move a phase whose deadline has passed. */
function MoveOn({ task }: { readonly task: TaskRecord }): ReactElement {
  const { store } = useFederation();
  const now = useChainTime();
  const { taskId, terms, state } = task;
  const opening = currentOpening(task);
  const phase = opening === undefined ? undefined : currentPhase(opening);
  const ours = terms.coordinator.toLowerCase() === store.contracts.RoundCoordinator.toLowerCase();
  const startable =
    state === TaskState.Open &&
    task.active.length >= terms.minNodes &&
    now >= terms.startTime &&
    now < terms.timeLimit;
  const due = phase !== undefined && now >= phase.deadline;
  if (!ours || (!startable && !due)) return <></>;
  return (
    <div className="row">
      <ActionButton
        look={startable ? "primary" : "plain"}
        call={{
          key: `move:${taskId}`,
          label: startable ? `Start task ${taskId}` : "Advance the phase, whose deadline has passed",
          contract: "RoundCoordinator",
          functionName: startable ? "start" : "advance",
          args: [taskId],
        }}
      />
    </div>
  );
}
