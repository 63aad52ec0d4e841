import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

/**
 * The five contracts, wired by their constructors in the order in which they depend on each other, and the library that the
 * coordinator is linked with. No setters, no owner.
 */
export default buildModule("Concordat", (m) => {
  const nodeRegistry = m.contract("NodeRegistry", [
    m.getParameter("founders"),
    m.getParameter("votingPeriod"),
  ]);
  const taskRegistry = m.contract("TaskRegistry", [nodeRegistry]);
  const stakeVault = m.contract("StakeVault", [
    nodeRegistry,
    taskRegistry,
    m.getParameter("unbondingPeriod"),
  ]);
  const rewardLedger = m.contract("RewardLedger", [nodeRegistry, taskRegistry]);
  const libraries = { Transitions: m.library("Transitions") };
  const roundCoordinator = m.contract("RoundCoordinator", [nodeRegistry, taskRegistry], { libraries });
  return { nodeRegistry, taskRegistry, stakeVault, rewardLedger, roundCoordinator };
});
