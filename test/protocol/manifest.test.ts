import { expect } from "chai";
import { ArtifactError } from "#protocol/errors";
import { MANIFEST_LIMITS, decodeManifest, encodeManifest } from "#protocol/manifest/manifest";
import type { TaskManifest } from "#protocol/manifest/manifest";

const MANIFEST: TaskManifest = {
  format: "concordat/manifest/1",
  name: "digits",
  description: "Ten digits, écrits à la main",
  model: { topology: { class_name: "Sequential" }, tensors: [{ name: "kernel", shape: [784, 10] }] },
  dataset: { name: "digits", inputShape: [28, 28, 1], classes: 10, mean: [0.1307], std: [0.3081] },
  training: { optimiser: "sgd", learningRate: 0.01, momentum: 0.9, localEpochs: 1, batchSize: 10, seed: 1 },
  evaluation: { metric: "accuracy", negotiationSplit: "validation" },
  privacy: { kind: "none" },
  compression: { kind: "none" },
};

const withTensors = (tensors: TaskManifest["model"]["tensors"]): TaskManifest => ({
  ...MANIFEST,
  model: { ...MANIFEST.model, tensors },
});

const text = (manifest: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(manifest));

describe("a task manifest", () => {
  it("comes back as it was, from one canonical text", () => {
    const bytes = encodeManifest(MANIFEST);
    expect(decodeManifest(bytes)).to.deep.equal(MANIFEST);
    expect(Buffer.from(encodeManifest(decodeManifest(bytes))).equals(bytes)).to.equal(true);
    expect(Buffer.from(bytes).toString()).to.match(/^\{"compression":\{"kind":"none"\},"dataset":/);
  });

  it("does not depend on the order in which its fields were written", () => {
    const reversed = Object.fromEntries(Object.entries(MANIFEST).toReversed()) as unknown as TaskManifest;
    expect(encodeManifest(reversed)).to.deep.equal(encodeManifest(MANIFEST));
  });

  it("is refused in any other form of the same content", () => {
    const canonical = encodeManifest(MANIFEST);
    const forms = [
      text(MANIFEST),
      Buffer.concat([canonical, Buffer.from("\n")]),
      Buffer.concat([Buffer.from("\uFEFF"), canonical]),
      Buffer.from(Buffer.from(canonical).toString().replace('"seed":1', '"seed":1.0')),
    ];
    for (const bytes of forms) expect(() => decodeManifest(bytes)).to.throw(ArtifactError);
  });

  it("is refused with the name of the field that is unknown or wrong", () => {
    const bad: readonly (readonly [string, unknown])[] = [
      ["manifest: ", { ...MANIFEST, secret: 1 }],
      ["manifest.training.batchSize", { ...MANIFEST, training: { ...MANIFEST.training, batchSize: 0 } }],
      [
        "manifest.training.learningRate",
        { ...MANIFEST, training: { ...MANIFEST.training, learningRate: null } },
      ],
      ["manifest.dataset.mean", { ...MANIFEST, dataset: { ...MANIFEST.dataset, mean: [0, 0] } }],
      ["manifest.model.tensors", { ...MANIFEST, model: { ...MANIFEST.model, tensors: [] } }],
    ];
    for (const [message, manifest] of bad)
      expect(() => decodeManifest(text(manifest))).to.throw(ArtifactError, message);
  });

  it("may hold a table with a number to predict, whose score is the mean absolute error", () => {
    const columns = [
      { kind: "numeric" as const, name: "age" },
      { kind: "category" as const, name: "sex", values: ["f", "m"] },
    ];
    const target = { kind: "number" as const, name: "cost", offset: 1000, scale: 500 };
    const dataset = { name: "csv" as const, inputShape: [3], classes: 1, mean: [], std: [], columns, target };
    const evaluation = { metric: "mae" as const, scale: 1000, negotiationSplit: "validation" as const };
    const table: TaskManifest = { ...MANIFEST, dataset, evaluation };
    expect(decodeManifest(encodeManifest(table))).to.deep.equal(table);
    const bad: readonly (readonly [string, TaskManifest])[] = [
      ["manifest.evaluation.metric: must be mae", { ...table, evaluation: MANIFEST.evaluation }],
      ["manifest.evaluation.metric: must be accuracy", { ...MANIFEST, evaluation }],
      ["manifest.dataset.inputShape: must be [3]", { ...table, dataset: { ...dataset, inputShape: [2] } }],
      ["manifest.dataset.classes: must be 1", { ...table, dataset: { ...dataset, classes: 2 } }],
      [
        "manifest.dataset.columns: a column appears twice",
        { ...table, dataset: { ...dataset, target: { ...target, name: "age" } } },
      ],
      ["manifest.dataset.mean", { ...table, dataset: { ...dataset, mean: [1] } }],
      [
        "manifest.dataset.classes: must be at least 2",
        { ...MANIFEST, dataset: { ...MANIFEST.dataset, classes: 1 }, evaluation },
      ],
      [
        "manifest.dataset.classNames: must name 10",
        { ...MANIFEST, dataset: { ...MANIFEST.dataset, classNames: ["a"] } },
      ],
    ];
    for (const [message, manifest] of bad)
      expect(() => encodeManifest(manifest)).to.throw(ArtifactError, message);
  });

  it("is refused when a tensor stands twice or the model is too large", () => {
    const kernel = { name: "kernel", shape: [2] };
    expect(() => encodeManifest(withTensors([kernel, kernel]))).to.throw(ArtifactError, "twice");
    const huge = { name: "kernel", shape: [MANIFEST_LIMITS.maxParameters, 2] };
    expect(() => encodeManifest(withTensors([huge]))).to.throw(ArtifactError, "parameters");
  });

  it("is refused with one error when it is too large, too deep, or no text at all", () => {
    const padded = {
      ...MANIFEST,
      model: { ...MANIFEST.model, topology: { pad: "x".repeat(MANIFEST_LIMITS.maxBytes) } },
    };
    expect(() => encodeManifest(padded)).to.throw(ArtifactError, "bytes");
    expect(() => decodeManifest(text(padded))).to.throw(ArtifactError, "bytes");
    const deep = JSON.stringify(MANIFEST).replace('"Sequential"', "[".repeat(200_000) + "]".repeat(200_000));
    expect(() => decodeManifest(Buffer.from(deep))).to.throw(ArtifactError);
    expect(() => decodeManifest(Uint8Array.of(0xff))).to.throw(ArtifactError, "not JSON");
    expect(() => decodeManifest(new Uint8Array())).to.throw(ArtifactError, "not JSON");
  });
});
