import { useMemo } from "react";
import type { ReactElement } from "react";
import { formatUnits } from "viem";
import type { Hex } from "viem";
import { ScoreKind } from "@concordat/protocol/contracts/enums";
import { LineChart } from "#charts/LineChart.tsx";
import type { Line } from "#charts/LineChart.tsx";
import { useToken } from "#chain/useToken.ts";
import { Card, Empty } from "#ui/parts.tsx";
import { GasCurve } from "./GasCurve.tsx";
import { finalisedOpenings, meanScore, standings } from "@concordat/protocol/history/rounds";
import type { TaskRecord } from "@concordat/protocol/history/federationState";

/** Alpha, scores, reputation, rewards and gas over the rounds. */
export function CurvesTab({ task }: { readonly task: TaskRecord }): ReactElement {
  const token = useToken(task.terms.rewardToken as Hex);
  const decimals = token?.decimals ?? 0;
  // The state changes in place, with every block: what the curves are made of stands for it, so that they are not drawn again
  // when nothing of that has changed.
  const made = [finalisedOpenings(task).length, task.recorded.length, task.members.size].join();
  // oxlint-disable-next-line react/memo-dependencies, react-hooks/exhaustive-deps
  const curves = useMemo(() => curvesOf(task, decimals), [task, made, decimals]);
  if (curves.rounds.length === 0) {
    return (
      <Empty>
        <p>There is nothing to draw before the first round is finalised.</p>
      </Empty>
    );
  }
  const { rounds, xLabel } = { rounds: curves.rounds, xLabel: "round" };
  const scoreUnit = task.terms.scoreKind === ScoreKind.Accuracy ? "%" : "scaled error";
  return (
    <div className="grid-2">
      <Card title="Alpha">
        <LineChart
          title="The mixing weight that each round chose"
          unit="alpha"
          xs={rounds}
          xLabel={xLabel}
          lines={curves.alpha}
        />
      </Card>
      <Card title="Score">
        <LineChart
          title="Each node’s score at the chosen alpha, and their mean"
          unit={scoreUnit}
          xs={rounds}
          xLabel={xLabel}
          lines={curves.scores}
        />
      </Card>
      <Card title="Reputation">
        <LineChart
          title="After each round"
          unit="points"
          xs={curves.settled}
          xLabel={xLabel}
          lines={curves.reputation}
        />
      </Card>
      <Card title="Reward">
        <LineChart
          title="Earned up to each round"
          unit={token?.symbol ?? "units"}
          xs={curves.settled}
          xLabel={xLabel}
          lines={curves.earned}
        />
      </Card>
      <GasCurve task={task} />
    </div>
  );
}

interface Curves {
  readonly rounds: readonly number[];
  /** Round 0, then every recorded one. */
  readonly settled: readonly number[];
  readonly alpha: readonly Line[];
  readonly scores: readonly Line[];
  readonly reputation: readonly Line[];
  readonly earned: readonly Line[];
}

function curvesOf(task: TaskRecord, decimals: number): Curves {
  const openings = finalisedOpenings(task);
  const members = [...task.members.values()];
  const unit = task.terms.scoreKind === ScoreKind.Accuracy ? 100 : 1;
  const accounts = members.map(({ memberId, nodeId }) => ({ nodeId, list: standings(task, memberId) }));
  return {
    rounds: openings.map(({ round }) => round),
    settled: [0, ...task.recorded.map(({ round }) => round)],
    alpha: [
      {
        label: "alpha",
        values: openings.map(({ finalised }) => (finalised?.alphaBps ?? 0) / 10_000),
        strong: true,
      },
    ],
    scores: [
      {
        label: "mean",
        strong: true,
        values: openings.map(({ finalised }) => {
          const mean = finalised === undefined ? undefined : meanScore(finalised);
          return mean === undefined ? null : mean / unit;
        }),
      },
      ...members.map(({ nodeId }) => ({
        label: `node ${nodeId}`,
        node: nodeId,
        values: openings.map(({ finalised, reports }) => {
          const score = reports.get(nodeId)?.scores[(finalised?.index ?? 0) - 1];
          return score === undefined ? null : score / unit;
        }),
      })),
    ],
    reputation: accounts.map(({ nodeId, list }) => ({
      label: `node ${nodeId}`,
      node: nodeId,
      values: list.map(({ reputation }) => reputation),
    })),
    earned: accounts.map(({ nodeId, list }) => ({
      label: `node ${nodeId}`,
      node: nodeId,
      values: list.map(({ earned }) => Number(formatUnits(earned, decimals))),
    })),
  };
}
