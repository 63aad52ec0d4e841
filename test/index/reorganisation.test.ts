import { expect } from "chai";
import { IndexFile } from "#audit/index/indexFile";
import type { IndexedChain } from "#audit/index/indexedChain";
import type { IndexStep } from "#audit/index/indexer";
import { beginScenario } from "../audit/scenario.ts";
import type { Scenario } from "../audit/scenario.ts";
import { bringUp, chainOf, contents, sourceOf, suiteFolder, writeIndex } from "./scenarioIndex.ts";

for (const hasAllTransactions of [false, true]) {
  const extent = hasAllTransactions ? "with all transactions" : "of events";
  describe(`an index ${extent} whose chain reorganises`, () => keepsUp(hasAllTransactions));
}

function keepsUp(hasAllTransactions: boolean): void {
  const folder = suiteFolder();
  let scenario: Scenario;
  let file: IndexFile;
  let path: string;
  let number = 0;
  const chain = (): IndexedChain => ({ ...chainOf(scenario), hasAllTransactions });
  const follow = async (source = sourceOf(scenario)): Promise<IndexStep[]> =>
    bringUp(scenario, file, source, chain());

  before(async () => {
    scenario = await beginScenario();
    path = folder.file("followed.sqlite");
    file = IndexFile.open(path, chain());
    await scenario.federation.startTask({ rounds: 2 });
    await scenario.federation.playRound();
  });
  after(() => file.close());

  /** A transaction that causes no event. */
  const callInVain = async (): Promise<void> => {
    const { nodeRegistry } = scenario.federation.contracts;
    const data = nodeRegistry.interface.encodeFunctionData("memberCount");
    const to = scenario.deployment.contracts.NodeRegistry;
    await scenario.federation.node(1).operator.sendTransaction({ to, data });
  };

  /** Compares the followed index with one that never saw anything but the present chain. */
  const expectFresh = async (): Promise<void> => {
    const fresh = folder.file(`fresh${++number}.sqlite`);
    await writeIndex(scenario, fresh, sourceOf(scenario), chain());
    expect(contents(path)).to.deep.equal(contents(fresh));
  };

  it("equals a fresh one after blocks with events were replaced by others", async () => {
    const { federation } = scenario;
    await follow();
    const fork = await federation.connection.networkHelpers.takeSnapshot();
    await federation.train();
    await follow();
    await federation.aggregate({ accepted: [1, 2, 3], rejected: [4, 5] });
    await federation.negotiate();
    await follow();
    await callInVain();
    await follow();
    const abandoned = contents(path);

    await fork.restore();
    await federation.train();
    await federation.aggregate({ accepted: [2, 3, 4, 5], rejected: [1] });
    await federation.negotiate();
    await federation.startTask({ rounds: 2 });
    const steps = await follow();
    expect(steps.map(({ kind }) => kind)).to.include("rewound");
    expect(contents(path)["rewards"]).to.not.deep.equal(abandoned["rewards"]);
    await expectFresh();
  });

  it("waits while the chain is only shorter, and equals a fresh one once another block took a place", async () => {
    const fork = await scenario.federation.connection.networkHelpers.takeSnapshot();
    await scenario.federation.startTask({ rounds: 1 });
    await follow();
    const before = contents(path);
    await fork.restore();
    // It looks like an endpoint that is behind.
    expect((await follow()).map(({ kind }) => kind)).to.deep.equal(["behind"]);
    expect(contents(path)).to.deep.equal(before);
    await scenario.federation.startTask({ rounds: 1, rewardUnit: 78n });
    expect((await follow()).map(({ kind }) => kind)).to.include("rewound");
    await expectFresh();
  });

  it("equals a fresh one after empty blocks were replaced, and goes back no further than to the last common block", async () => {
    const { networkHelpers } = scenario.federation.connection;
    const fork = await networkHelpers.takeSnapshot();
    const { tip } = file;
    await networkHelpers.mine(3);
    await follow();
    await fork.restore();
    await networkHelpers.mine(5, { interval: 7 });
    const steps = await follow();
    const [first] = steps;
    expect(first?.kind === "rewound" && first.to).to.deep.include({ number: tip?.number });
    await expectFresh();
  });

  it("equals a fresh one when the chain moves while it is read", async () => {
    const { federation } = scenario;
    const { networkHelpers } = federation.connection;
    const fork = await networkHelpers.takeSnapshot();
    await federation.startTask({ rounds: 1 });
    await callInVain();
    const source = sourceOf(scenario);
    let hasMoved = false;
    const moving = {
      ...source,
      logs: async (addresses: readonly string[], from: number, to: number) => {
        const logs = await source.logs(addresses, from, to);
        if (!hasMoved) {
          hasMoved = true;
          await fork.restore();
          await federation.startTask({ rounds: 1, rewardUnit: 77n });
        }
        return logs;
      },
    };
    const steps = await follow(moving);
    expect(steps.map(({ kind }) => kind)).to.include("moved");
    await expectFresh();
  });

  it("equals a fresh one after a development chain started all over at the same addresses", async () => {
    const again = await beginScenario();
    expect(again.deployment).to.deep.equal(scenario.deployment);
    await again.federation.startTask({ rounds: 1 });
    scenario = again;
    await follow();
    await expectFresh();
  });
}
