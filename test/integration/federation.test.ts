import { expect } from "chai";
import { Phase, TaskState } from "../../protocol/enums.ts";
import { LocalFederation } from "./localFederation.ts";

describe("A federation of nodes on one chain", function () {
  this.timeout(120_000);
  let federation: LocalFederation | undefined;
  afterEach(async () => federation?.close());

  it("trains round after round until the task is completed", async () => {
    federation = await LocalFederation.start({ nodes: 4 });
    for (const node of federation.nodes) federation.startNode(node);
    const task = await federation.publish({ rounds: 3 });
    await federation.join(task);
    await federation.until(task, ({ phase }) => phase === Phase.Ended);

    const { state, roundsPlayed } = await federation.chain.taskStatus(task);
    expect({ state, roundsPlayed }).to.deep.equal({ state: TaskState.Completed, roundsPlayed: 3 });
    expect(await federation.events(task, "RoundVoided")).to.have.length(0);
    expect(await federation.events(task, "UpdateAccepted")).to.have.length(12);
    expect(await federation.events(task, "ReportAccepted")).to.have.length(12);
  });
});
