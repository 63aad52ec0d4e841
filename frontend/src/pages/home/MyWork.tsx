import { Link } from "@tanstack/react-router";
import type { ReactElement, ReactNode } from "react";
import type { Hex } from "viem";
import { Phase, TaskState, enumName } from "../../../../protocol/enums.ts";
import { useChainTime, useFederation, useFederationState } from "../../chain/useFederation.ts";
import { useToken } from "../../chain/useToken.ts";
import { useView } from "../../chain/useView.ts";
import { ActionButton } from "../../transactions/ActionButton.tsx";
import { Account } from "../../ui/Account.tsx";
import { amount, date, duration } from "../../ui/format.ts";
import { Badge, Button, Card, PageHead, Table } from "../../ui/parts.tsx";
import { saveFile, toCsv } from "../../ui/saveFile.ts";
import { useWallet } from "../../wallet/useWallet.ts";
import { awaited, currentOpening, currentPhase, standings } from "../../world/rounds.ts";
import { STATE_WORDS } from "../../world/taskWords.ts";
import type { NodeRecord, TaskRecord } from "../../world/world.ts";
import { Vote, mayVote } from "../nodes/Votes.tsx";
import { Allowances } from "./Allowances.tsx";

/** What awaits the connected account, what it could lose, and what it has earned. */
export function MyWork({ account }: { readonly account: Hex }): ReactElement {
  const { world } = useFederationState();
  const { ownNode } = useWallet();
  const tasks = [...world.tasks.values()];
  const published = tasks.filter(({ publisher }) => publisher.toLowerCase() === account.toLowerCase());
  const mine = ownNode === undefined ? [] : tasks.filter((task) => memberOf(task, ownNode) !== undefined);
  return (
    <div className="stack">
      <PageHead title="My work" lead={<Account address={account} />} />
      <Awaiting node={ownNode} tasks={mine} />
      {mine.length > 0 && ownNode !== undefined && <Earned node={ownNode} tasks={mine} />}
      {ownNode !== undefined && <AtStake node={ownNode} tasks={mine} />}
      {published.length > 0 && (
        <Card title="Tasks you published">
          <Table caption="Tasks you published" head={["Task", "State", "Rounds", "Nodes"]}>
            {published.map((task) => (
              <tr key={task.taskId}>
                <th scope="row">
                  <TaskLink task={task} />
                </th>
                <td>
                  <Badge tone={STATE_WORDS[task.state].tone}>{STATE_WORDS[task.state].word}</Badge>
                </td>
                <td>
                  {task.recorded.length} of {task.terms.rounds}
                </td>
                <td>{task.active.length}</td>
              </tr>
            ))}
          </Table>
        </Card>
      )}
      <Allowances account={account} />
      <DevelopmentTokens account={account} />
    </div>
  );
}

function memberOf(task: TaskRecord, node: NodeRecord) {
  return [...task.members.values()].find(({ nodeId }) => nodeId === node.nodeId);
}

function TaskLink({ task }: { readonly task: TaskRecord }): ReactElement {
  return (
    <Link to="/tasks/$taskId" params={{ taskId: String(task.taskId) }}>
      Task {task.taskId}
    </Link>
  );
}

function Awaiting({
  node,
  tasks,
}: {
  readonly node: NodeRecord | undefined;
  readonly tasks: readonly TaskRecord[];
}): ReactElement {
  const { world } = useFederationState();
  const now = useChainTime();
  const votes = [...world.proposals.values()].filter((proposal) => mayVote(proposal, node, now));
  const duties = node === undefined ? [] : tasks.flatMap((task) => dutyOf(task, node, now));
  const open = [...world.tasks.values()].filter(
    (task) => task.state === TaskState.Open && node !== undefined && memberOf(task, node)?.active !== true,
  );
  const nothing = votes.length + duties.length + open.length === 0 && node !== undefined;
  return (
    <Card title="What awaits you">
      {node === undefined && (
        <p>
          Your account operates no node. <Link to="/nodes">Register one</Link>, or{" "}
          <Link to="/publish">publish a task</Link>.
        </p>
      )}
      {nothing && <p>Nothing. Your node does its work by itself.</p>}
      {votes.map((proposal) => (
        <Vote key={proposal.proposalId} proposal={proposal} now={now} />
      ))}
      {duties}
      {open.map((task) => (
        <p key={task.taskId}>
          <TaskLink task={task} /> is open to join until {date(task.terms.timeLimit)}.
        </p>
      ))}
    </Card>
  );
}

/** What the node owes the present phase of a task. */
function dutyOf(task: TaskRecord, node: NodeRecord, now: number): ReactNode[] {
  const opening = currentOpening(task);
  const phase = opening === undefined ? undefined : currentPhase(opening);
  if (opening === undefined || phase === undefined) return [];
  if (!awaited(task, opening).some(({ nodeId }) => nodeId === node.nodeId)) return [];
  const left = phase.deadline - now;
  return [
    <p key={`duty-${task.taskId}`}>
      <TaskLink task={task} />: your node is awaited in {enumName(Phase, phase.phase)} of round{" "}
      {opening.round}, {left > 0 ? `${duration(left)} left` : "and the deadline has passed"}.
    </p>,
  ];
}

function Earned({
  node,
  tasks,
}: {
  readonly node: NodeRecord;
  readonly tasks: readonly TaskRecord[];
}): ReactElement {
  const save = (): void => {
    const rows = tasks.flatMap((task) => {
      const member = memberOf(task, node);
      return member === undefined
        ? []
        : standings(task, member.memberId).map(({ round, reputation, earned }) => [
            task.taskId,
            member.memberId,
            round,
            reputation,
            earned,
            task.terms.rewardToken,
          ]);
    });
    const head = ["task", "member", "round", "reputation_after", "earned_smallest_unit", "token"];
    saveFile(`concordat-node-${node.nodeId}.csv`, toCsv([head, ...rows]), "text/csv");
  };
  return (
    <Card
      title="What you have earned"
      aside={
        <Button small onClick={save}>
          Save as CSV
        </Button>
      }
    >
      <Table
        caption="What you have earned"
        head={["Task", "State", "Reputation", "Earned", "To be claimed", ""]}
      >
        {tasks.map((task) => (
          <EarnedRow key={task.taskId} task={task} memberId={memberOf(task, node)?.memberId ?? 0} />
        ))}
      </Table>
    </Card>
  );
}

function EarnedRow({
  task,
  memberId,
}: {
  readonly task: TaskRecord;
  readonly memberId: number;
}): ReactElement {
  const { account } = useWallet();
  const token = useToken(task.terms.rewardToken as Hex);
  const standing = standings(task, memberId).at(-1);
  const claimed = task.claims
    .filter((claim) => claim.memberId === memberId)
    .reduce((sum, claim) => sum + claim.amount, 0n);
  const claimable = (standing?.earned ?? 0n) - claimed;
  const { word, tone } = STATE_WORDS[task.state];
  return (
    <tr>
      <th scope="row">
        <TaskLink task={task} />
      </th>
      <td>
        <Badge tone={tone}>{word}</Badge>
      </td>
      <td>{standing?.reputation}</td>
      <td>{amount(standing?.earned ?? 0n, token)}</td>
      <td>{amount(claimable, token)}</td>
      <td>
        {claimable > 0n && account !== undefined && (
          <ActionButton
            small
            look="primary"
            call={{
              key: `claim:${task.taskId}`,
              label: `Claim ${amount(claimable, token)}`,
              contract: "RewardLedger",
              functionName: "claim",
              args: [task.taskId, memberId, account],
            }}
          >
            Claim
          </ActionButton>
        )}
      </td>
    </tr>
  );
}

function AtStake({
  node,
  tasks,
}: {
  readonly node: NodeRecord;
  readonly tasks: readonly TaskRecord[];
}): ReactElement {
  const staked = [...node.stakes].filter(([, stake]) => stake > 0n);
  return (
    <Card
      title="What you could lose"
      note="Stake can be taken by the arbiter of a task that your node took part in, until the end of its dispute window."
    >
      {staked.length === 0 ? (
        <p>Nothing is staked.</p>
      ) : (
        staked.map(([token, stake]) => (
          <Staked key={token} token={token} stake={stake} node={node} tasks={tasks} />
        ))
      )}
    </Card>
  );
}

function Staked({
  token,
  stake,
  node,
  tasks,
}: {
  readonly token: Hex;
  readonly stake: bigint;
  readonly node: NodeRecord;
  readonly tasks: readonly TaskRecord[];
}): ReactElement {
  const facts = useToken(token);
  const now = useChainTime();
  const pending = useView<readonly { readonly amount: bigint; readonly releaseTime: number }[]>({
    contract: "StakeVault",
    functionName: "pendingOf",
    args: [node.nodeId, token],
  });
  const until = Math.max(
    0,
    ...tasks
      .filter(({ terms }) => terms.stakeToken === token && terms.minStake > 0n)
      .map(({ hardEnd, terms }) => hardEnd + terms.disputeWindowSeconds),
  );
  return (
    <>
      <p>
        <strong>{amount(stake, facts)}</strong> bonded
        {until > now ? `; slashable at the latest until ${date(until)}` : "; no task can slash it now"}.{" "}
        <Link to="/nodes">Stake or unbond</Link>
      </p>
      {pending.data?.map(({ amount: leaving, releaseTime }) => (
        <p key={`${releaseTime}-${leaving}`}>
          {amount(leaving, facts)} unbonding,{" "}
          {releaseTime <= now ? <Link to="/nodes">due: withdraw it</Link> : `unlocks ${date(releaseTime)}`}.
        </p>
      ))}
    </>
  );
}

/** On a development chain the token can be minted by anyone. */
function DevelopmentTokens({ account }: { readonly account: Hex }): ReactElement {
  const { store } = useFederation();
  const token = store.network.addressBook.tokens?.DevelopmentToken;
  const facts = useToken(token ?? "0x0000000000000000000000000000000000000000");
  const balance = useView<bigint>({
    contract: "Token",
    address: token,
    functionName: "balanceOf",
    args: [account],
    enabled: token !== undefined,
  });
  if (token === undefined || facts === undefined) return <></>;
  const thousand = 1000n * 10n ** BigInt(facts.decimals);
  return (
    <Card title="Development token" note="This network’s token is worth nothing, and anyone may mint it.">
      <p>You own {amount(balance.data ?? 0n, facts)}.</p>
      <ActionButton
        call={{
          key: "mint",
          label: `Mint ${amount(thousand, facts)}`,
          contract: "Token",
          address: token,
          functionName: "mint",
          args: [account, thousand],
        }}
        onConfirmed={() => void balance.refetch()}
      />
    </Card>
  );
}
