import { expect } from "chai";
import { IndexFile } from "../../audit/index/indexFile.ts";
import { beginStory } from "../audit/story.ts";
import type { Story } from "../audit/story.ts";
import { bringUp, chainOf, contents, sourceOf, suiteFolder, writeIndex } from "./storyIndex.ts";

describe("an index whose chain reorganises", () => {
  const folder = suiteFolder();
  let story: Story;
  let file: IndexFile;
  let path: string;
  let number = 0;

  before(async () => {
    story = await beginStory();
    path = folder.file("followed.sqlite");
    file = IndexFile.open(path, chainOf(story));
    await story.federation.startTask({ rounds: 2 });
    await story.federation.playRound();
  });
  after(() => file.close());

  /** Compares the followed index with one that never saw anything but the present chain. */
  const expectFresh = async (): Promise<void> => {
    const fresh = folder.file(`fresh${++number}.sqlite`);
    await writeIndex(story, fresh);
    expect(contents(path)).to.deep.equal(contents(fresh));
  };

  it("equals a fresh one after blocks with events were replaced by others", async () => {
    const { federation } = story;
    await bringUp(story, file);
    const fork = await federation.connection.networkHelpers.takeSnapshot();
    await federation.train();
    await bringUp(story, file);
    await federation.aggregate({ accepted: [1, 2, 3], rejected: [4, 5] });
    await federation.negotiate();
    await bringUp(story, file);
    const abandoned = contents(path);

    await fork.restore();
    await federation.train();
    await federation.aggregate({ accepted: [2, 3, 4, 5], rejected: [1] });
    await federation.negotiate();
    await federation.startTask({ rounds: 2 });
    const steps = await bringUp(story, file);
    expect(steps.map(({ kind }) => kind)).to.include("rewound");
    expect(contents(path)["rewards"]).to.not.deep.equal(abandoned["rewards"]);
    await expectFresh();
  });

  it("equals a fresh one after the chain became shorter", async () => {
    const { connection } = story.federation;
    const fork = await connection.networkHelpers.takeSnapshot();
    await story.federation.startTask({ rounds: 1 });
    await bringUp(story, file);
    await fork.restore();
    await bringUp(story, file);
    await expectFresh();
  });

  it("equals a fresh one after empty blocks were replaced, and goes back no further than to the last common block", async () => {
    const { networkHelpers } = story.federation.connection;
    const fork = await networkHelpers.takeSnapshot();
    const { tip } = file;
    await networkHelpers.mine(3);
    await bringUp(story, file);
    await fork.restore();
    await networkHelpers.mine(5, { interval: 7 });
    const steps = await bringUp(story, file);
    const [first] = steps;
    expect(first?.kind === "rewound" && first.to).to.deep.include({ number: tip?.number });
    await expectFresh();
  });

  it("equals a fresh one when the chain moves while it is read", async () => {
    const { federation } = story;
    const { networkHelpers } = federation.connection;
    const fork = await networkHelpers.takeSnapshot();
    await federation.startTask({ rounds: 1 });
    const source = sourceOf(story);
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
    const steps = await bringUp(story, file, moving);
    expect(steps.map(({ kind }) => kind)).to.include("moved");
    await expectFresh();
  });

  it("equals a fresh one after a development chain started all over at the same addresses", async () => {
    const again = await beginStory();
    expect(again.deployment).to.deep.equal(story.deployment);
    await again.federation.startTask({ rounds: 1 });
    story = again;
    await bringUp(story, file);
    await expectFresh();
  });
});
