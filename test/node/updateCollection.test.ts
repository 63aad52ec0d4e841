import { expect } from "chai";
import { id } from "ethers";
import type { PostedUpdate, RoundView } from "#chain/contracts/roundView";
import type { ServedTask } from "#node/tasks/servedTask";
import type { Services } from "#node/services";
import { UpdateCollection } from "#node/rounds/updateCollection";
import type { Digest, MemberId, NodeId } from "#protocol/ids";

const view = { round: 1, base: id("base") } as unknown as RoundView;
const posted: PostedUpdate = {
  nodeId: 1 as NodeId,
  memberId: 1 as MemberId,
  digest: id("update") as Digest,
  samples: 3,
};

describe("The updates of one opening", () => {
  it("are all tried where none was posted", async () => {
    const updates = new UpdateCollection({} as Services, {} as ServedTask, view, []);
    await updates.tried();
    const { signal } = new AbortController();
    await updates.fetchAll(signal, signal);
    await updates.tried(signal);
    expect(updates.isComplete).to.equal(true);
  });

  it("are waited for no longer than the signal says", async () => {
    const updates = new UpdateCollection({} as Services, {} as ServedTask, view, [posted]);
    const controller = new AbortController();
    const tried = updates.tried(controller.signal).catch((error: unknown) => error);
    controller.abort(new Error("the phase has ended"));
    expect(String(await tried)).to.contain("the phase has ended");
    // A signal that has aborted before ends it as well.
    const late: unknown = await updates.tried(controller.signal).catch((error: unknown) => error);
    expect(String(late)).to.contain("the phase has ended");
  });
});
