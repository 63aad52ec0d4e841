import type { network } from "hardhat";
import type { Federation } from "../federation.ts";
import { deployFederation, wideNetwork } from "../federation.ts";
import { fixClock } from "./fixedClock.ts";
import { GasRecorder } from "./gasRecorder.ts";
import type { GasOfActions } from "./gasRecorder.ts";
import { recordNodeActions } from "./nodeActions.ts";
import { recordRewardActions } from "./rewardActions.ts";
import { recordEnds, recordFailures, recordMixedElection, recordRounds } from "./roundActions.ts";
import { recordStakeActions } from "./stakeActions.ts";
import { recordTaskActions } from "./taskActions.ts";

/** When every chain begins, in unix seconds. */
const GENESIS = 1_900_000_000;

/** Gas of every action of every contract: with fixed keys on chains with a clock of their own, so the same in each run. */
export async function gasOfActions(networks: typeof network): Promise<GasOfActions> {
  const recorder = new GasRecorder();
  const onNewChain = (nodes: number, act: Act): Promise<void> => actOnNewChain(networks, nodes, act);
  await onNewChain(6, (federation) => recordNodeActions(federation, recorder));
  await onNewChain(6, (federation) => recordTaskActions(federation, recorder));
  await onNewChain(6, (federation) => recordStakeActions(federation, recorder));
  await onNewChain(10, async (federation) => {
    await recordRounds(federation, recorder);
    await recordRewardActions(federation, recorder);
  });
  await onNewChain(10, (federation) => recordFailures(federation, recorder));
  await onNewChain(10, (federation) => recordMixedElection(federation, recorder));
  await onNewChain(10, (federation) => recordEnds(federation, recorder));
  await onNewChain(100, (federation) => recordRounds(federation, recorder));
  return recorder.gas;
}

type Act = (federation: Federation) => Promise<void>;

/** Runs actions of a federation that has a chain to itself. */
async function actOnNewChain(networks: typeof network, nodes: number, act: Act): Promise<void> {
  const connection = await networks.create({
    ...wideNetwork,
    override: { ...wideNetwork.override, initialDate: new Date(GENESIS * 1000) },
  });
  const release = fixClock(connection);
  try {
    await act(await deployFederation(connection, { nodes }));
  } finally {
    release();
    await connection.close();
  }
}
