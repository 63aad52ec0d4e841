import { expect } from "chai";
import { AggregationRule, Phase, TaskState } from "#protocol/contracts/enums";
import { parseNodeConfig } from "#node/setup/nodeConfig";
import { TRAINER, pythonWithTorch } from "../learning/process/torch.ts";
import { LocalFederation, type FederationNode } from "./localFederation.ts";

describe("A federation with a node that trains in PyTorch", function () {
  this.timeout(180_000);
  let federation: LocalFederation | undefined;
  let python = "";
  before(function () {
    python = pythonWithTorch() ?? "";
    if (python !== "") return;
    console.log("      no python3 has PyTorch: skipped");
    this.skip();
  });
  afterEach(async () => federation?.close());

  it("completes its rounds, and accepts that node's updates like those of the wasm nodes", async () => {
    federation = await LocalFederation.start({ nodes: 4 });
    const task = await federation.publish({ rounds: 2, aggregationRule: AggregationRule.FedAvg });
    await federation.join(task);
    const [first, ...others] = federation.nodes as [FederationNode, ...FederationNode[]];
    const process = { command: python, args: [TRAINER] };
    const torch = { ...first, config: parseNodeConfig({ ...first.config, engine: { process } }) };
    for (const node of [torch, ...others]) federation.startNode(node);
    await federation.until(task, ({ phase }) => phase === Phase.Ended);

    const { state, roundsPlayed } = await federation.chain.taskStatus(task);
    expect({ state, roundsPlayed }).to.deep.equal({ state: TaskState.Completed, roundsPlayed: 2 });
    const { memberId } = await federation.chain.member(task, torch.nodeId);
    for (const round of [1, 2])
      expect(await federation.chain.isAccepted(task, round, memberId as never), `round ${round}`).to.equal(
        true,
      );
    const reports = (await federation.events(task, "ReportAccepted")).map((args) => Number(args["nodeId"]));
    expect(reports.filter((nodeId) => nodeId === torch.nodeId)).to.have.length(2);
  });
});
