import { expect } from "chai";
import { createHash } from "node:crypto";
import {
  ARTIFACT_FORMAT,
  INITIAL_MODEL,
  decodeArtifact,
  encodeArtifact,
  maxArtifactBytes,
} from "#protocol/artifacts/artifact";
import type { ArtifactExpectation, ArtifactMetadata } from "#protocol/artifacts/artifact";
import { digestOf } from "#protocol/artifacts/contentAddress";
import { ArtifactError } from "#protocol/errors";
import { digest, nodeId, taskId } from "#protocol/ids";
import { encodeSafetensors } from "#protocol/artifacts/safetensors";

const BASE = digest(`0x${"ab".repeat(32)}`);
const MODEL = [
  { name: "dense/kernel", shape: [3, 2], data: Float32Array.from({ length: 6 }, (_, i) => i / 4 - 0.5) },
  { name: "dense/bias", shape: [2], data: Float32Array.of(0, -1) },
];
const UPDATE: ArtifactMetadata = { role: "update", task: taskId(3), round: 2, node: nodeId(7), base: BASE };
const PRIVATE: ArtifactMetadata = { ...UPDATE, spent: { epsilonMicro: 1_250_000, deltaMicro: 10 } };
const GLOBAL: ArtifactMetadata = { role: "global", task: taskId(3), round: 2, node: 0, base: BASE };
const STRINGS = { format: ARTIFACT_FORMAT, role: "update", task: "3", round: "2", node: "7", base: BASE };

function reasonOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ArtifactError && error.facts["fault"] === "wrong-metadata") return error.message;
    throw error;
  }
  return "";
}

describe("an artifact", () => {
  it("comes back with its metadata and tensors, for every role", () => {
    for (const metadata of [UPDATE, PRIVATE, GLOBAL, INITIAL_MODEL]) {
      const bytes = encodeArtifact(metadata, MODEL);
      const artifact = decodeArtifact(bytes, { specs: MODEL, ...metadata });
      expect(artifact).to.deep.equal({ metadata, tensors: MODEL });
      expect(Buffer.from(encodeArtifact(artifact.metadata, artifact.tensors)).equals(bytes)).to.equal(true);
    }
  });

  it("has the same bytes and the same digest on every machine", async () => {
    const bytes = encodeArtifact(UPDATE, MODEL);
    expect(createHash("sha256").update(bytes).digest("hex")).to.equal(
      "f20c7ce16a026b8cef77557ecb5ec110385c27ce1e00ec77425f83e3836e3d33",
    );
    expect(await digestOf(bytes)).to.equal(
      "0x84b70e32c65b99bc0173ecd5fdee2287d81f7cf3e696ac62f5ed43e018469de7",
    );
  });

  it("is never larger than its specs allow, and the bound is close", () => {
    const bound = maxArtifactBytes(MODEL);
    const most = 2 ** 53 - 1;
    const spent = { epsilonMicro: most, deltaMicro: most };
    const longest = { ...UPDATE, task: taskId(most), round: most, node: nodeId(most), spent };
    expect(encodeArtifact(longest, MODEL).length).to.equal(bound);
    expect(bound - encodeArtifact(INITIAL_MODEL, MODEL).length).to.be.within(0, 160);
  });

  it("is refused when it names another task, round, node, base or role than expected", () => {
    const bytes = encodeArtifact(UPDATE, MODEL);
    const wrong: readonly Omit<ArtifactExpectation, "specs">[] = [
      { task: taskId(4) },
      { round: 1 },
      { node: nodeId(8) },
      { base: digest(`0x${"cd".repeat(32)}`) },
      { role: "global" },
    ];
    for (const expected of wrong) {
      const [key = ""] = Object.keys(expected);
      expect(reasonOf(() => decodeArtifact(bytes, { specs: MODEL, ...UPDATE, ...expected }))).to.contain(
        `artifact's ${key} is`,
      );
    }
  });

  it("is refused when its metadata are not exactly the known ones in their one form", () => {
    const { node: _node, ...withoutNode } = STRINGS;
    const bad: readonly Record<string, string>[] = [
      withoutNode,
      { ...STRINGS, leader: "2" },
      { ...STRINGS, format: "concordat/artifact/2" },
      { ...STRINGS, role: "candidate" },
      { ...STRINGS, task: "03" },
      { ...STRINGS, task: "" },
      { ...STRINGS, round: "2.0" },
      { ...STRINGS, node: "-7" },
      { ...STRINGS, node: "9007199254740992" },
      { ...STRINGS, base: BASE.toUpperCase() },
      { ...STRINGS, spentEpsilonMicro: "1" },
      { ...STRINGS, spentDeltaMicro: "1" },
      { ...STRINGS, spentEpsilonMicro: "1", spentDeltaMicro: "-1" },
      { ...STRINGS, spentEpsilonMicro: "0.5", spentDeltaMicro: "1" },
      { ...STRINGS, role: "global", node: "0", spentEpsilonMicro: "1", spentDeltaMicro: "1" },
    ];
    for (const strings of bad) {
      expect(
        reasonOf(() => decodeArtifact(encodeSafetensors(strings, MODEL), { specs: MODEL })),
      ).not.to.equal("");
    }
  });

  it("cannot contradict itself", () => {
    const bad: readonly ArtifactMetadata[] = [
      { ...UPDATE, node: 0 },
      { ...GLOBAL, node: nodeId(7) },
      { ...UPDATE, task: 0, round: 0 },
      { ...GLOBAL, task: 0 },
      { ...GLOBAL, round: 0 },
      { ...INITIAL_MODEL, base: BASE },
      { ...GLOBAL, spent: { epsilonMicro: 1, deltaMicro: 1 } },
      { ...UPDATE, spent: { epsilonMicro: 0.5, deltaMicro: 1 } },
      { ...UPDATE, spent: { epsilonMicro: 1, deltaMicro: -1 } },
    ];
    for (const metadata of bad) expect(reasonOf(() => encodeArtifact(metadata, MODEL))).not.to.equal("");
  });
});
