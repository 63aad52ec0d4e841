import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import type { AlphaRow, TrajectoryState, RoundContext } from "../trajectory.ts";
import type { Federation } from "../federation.ts";
import type { Member } from "../members.ts";

/** Personal models that train beside the trunk and never influence it. */
export interface Companion {
  readonly label: string;
  /** Trainings that it adds to each node's round. */
  readonly trainings: number;
  begin(federation: Federation): TrajectoryState;
  /** @param before w_G of the last round, from which the trunk trained. @param global The round's w_G. */
  round(
    context: RoundContext,
    state: TrajectoryState,
    before: ModelTensors,
    global: ModelTensors,
  ): Promise<{
    readonly state: TrajectoryState;
    readonly alphas: readonly AlphaRow[];
    readonly modelFor: (member: Member) => ModelTensors;
  }>;
}
