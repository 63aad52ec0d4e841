import { ZeroHash } from "ethers";
import type { Address } from "#protocol/ids";
import type { Federation } from "../federation.ts";
import type { GasRecorder } from "./gasRecorder.ts";

const NO_PERMIT = { deadline: 0, v: 0, r: ZeroHash, s: ZeroHash };

/** What a node stakes, takes back and loses. */
export async function recordStakeActions(federation: Federation, recorder: GasRecorder): Promise<void> {
  const { stakeVault, token } = federation.contracts;
  const { ethers, networkHelpers } = federation.connection;
  const [, arbiter, recipient, hunter] = await ethers.getSigners();
  if (!arbiter || !recipient || !hunter) throw new Error("The network has too few accounts");
  const { operator } = federation.node(1);
  const vault = stakeVault.connect(operator);
  const record = (action: string, sent: ReturnType<typeof vault.claimProceeds>) =>
    recorder.record(`StakeVault.${action}`, sent);

  await token.mint(operator, 10_000);
  await token.connect(operator).approve(vault, 10_000);
  await record("deposit: the first", vault.deposit(1, token, 1000, NO_PERMIT));
  await record("deposit: a later one", vault.deposit(1, token, 1000, NO_PERMIT));
  await federation.publish({
    arbiter: arbiter.address as Address,
    stakeToken: (await token.getAddress()) as Address,
    minStake: 100n,
    slashRecipient: recipient.address as Address,
    slashBounty: 30n,
  });
  await recorder.record(
    "TaskRegistry.joinTask: with a stake",
    federation.contracts.taskRegistry.connect(operator).joinTask(federation.taskId, 1),
  );
  await record("unbond: the first", vault.unbond(1, token, 100));
  await record("unbond: a later one", vault.unbond(1, token, 100));
  const slash = stakeVault.connect(arbiter);
  await record("slash: stake and two withdrawals under way", slash.slash(1, 1, 5000, hunter));
  await record("slash: again", slash.slash(1, 1, 5000, hunter));
  await record("claimProceeds", stakeVault.connect(recipient).claimProceeds(token));
  await networkHelpers.time.setNextBlockTimestamp(
    (await federation.now()) + Number(await stakeVault.unbondingPeriod()),
  );
  await record("withdraw: two that are due", vault.withdraw(1, token, operator));
}
