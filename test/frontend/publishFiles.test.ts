import { expect } from "chai";
import { Command } from "commander";
import { encode } from "fast-png";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { privacyTerms } from "#frontend/pages/publish/accountant.ts";
import { NEW_DRAFT } from "#frontend/pages/publish/draft.ts";
import type { Draft } from "#frontend/pages/publish/draft.ts";
import { draftContent } from "#frontend/pages/publish/draftContent.ts";
import { draftDataset } from "#frontend/pages/publish/draftDataset.ts";
import { draftFaults } from "#frontend/pages/publish/draftFaults.ts";
import { draftTopology } from "#frontend/pages/publish/draftModel.ts";
import { privacyRequest } from "#frontend/pages/publish/draftPrivacy.ts";
import { readSchemaFile } from "#frontend/pages/publish/tableDraft.ts";
import { buildTask } from "#learning/tasks/buildTask";
import { compressionTerms } from "#cli/publish/compressionOptions";
import { privacyTerms as privacyOfOptions } from "#cli/publish/privacyOptions";
import { givenTraining } from "#learning/trainingOptions";
import { publishedData } from "#cli/publish/publishedData";
import { publishOptions } from "#cli/publish/publishOptions";
import type { PublishOptions } from "#cli/publish/publishOptions";
import { initialWeights } from "#learning/models/initialWeights";
import { builtInTopology } from "#learning/models/models";
import { makeTaskFiles } from "#learning/tasks/taskFiles";
import type { TaskFiles } from "#learning/tasks/taskFiles";
import { temporaryFolder } from "../cli/concordat.ts";

const SCHEMA = JSON.stringify({
  columns: [
    { kind: "numeric", name: "age" },
    { kind: "category", name: "sex", values: ["f", "m"] },
  ],
  target: { kind: "number", name: "cost", offset: 100, scale: 50 },
});
const ROWS = "age,sex,cost\n20,f,50\n30,m,100\n40,f,150\n50,m,200\n";

describe("a task's files as the wizard makes them", function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const at = (...path: string[]): string => join(folder.path, ...path);
  const digests = ({ manifestFile, initialModel, maxArtifactBytes }: TaskFiles): unknown[] => [
    manifestFile.digest,
    initialModel.digest,
    maxArtifactBytes,
  ];

  /** What `concordat task publish` makes with these options. */
  async function ofOptions(text: string): Promise<TaskFiles> {
    const options = publishOptions(new Command())
      .parse(text.split(" "), { from: "user" })
      .opts<PublishOptions>();
    const { name, description, seed, maeScale, model } = options;
    return buildTask({
      name,
      description,
      dataset: await publishedData(options),
      seed,
      maeScale,
      compression: compressionTerms(options),
      privacy: (training) => privacyOfOptions(options, { ...options, training }),
      ...(model !== undefined && { model }),
      ...givenTraining(options),
    });
  }

  /** What the wizard makes of a draft, with the tensors that the other one found in the same topology. */
  async function ofDraft(part: Partial<Draft>, other: TaskFiles): Promise<TaskFiles> {
    const draft = { ...NEW_DRAFT, name: "unnamed", rewardUnit: "0", ...part };
    expect(draftFaults(draft, { reward: undefined, stake: undefined })).to.deep.equal({});
    const { terms: dataset } = draftDataset(draft);
    if (dataset === undefined) throw new Error("The draft describes no data");
    const { topology } = draftTopology(draft, dataset);
    expect(topology).to.deep.equal(other.manifest.model.topology);
    const { model } = other.manifest;
    return makeTaskFiles(draftContent(draft, dataset, privacyTerms(privacyRequest(draft, dataset))), {
      model: { topology: topology ?? {}, tensors: model.tensors },
      weights: initialWeights(model.tensors, Number(draft.seed)),
    });
  }

  async function expectEqual(options: string, draft: Partial<Draft>): Promise<void> {
    const files = await ofOptions(options);
    expect(digests(await ofDraft(draft, files))).to.deep.equal(digests(files));
  }

  it("have the digests that the command line gives them, on official data", async () => {
    await expectEqual("--epochs 1", {});
    await expectEqual(
      "--dataset mnist --model prototype-cnn --compression top-k --keep 2.5% --seed 7 --epochs 5",
      {
        dataset: "mnist",
        model: "prototype-cnn",
        compression: "top-k",
        keepBps: "2.5%",
        seed: "7",
        localEpochs: "5",
      },
    );
    await expectEqual("--dataset cifar100 --model lenet --compression quantised --epochs 1 --lr 0.05", {
      dataset: "cifar100",
      model: "lenet",
      compression: "quantised",
      learningRate: "0.05",
    });
    await expectEqual(
      "--dataset uci-har --model mlp --compression top-k-quantised --momentum 0 --batch 64 --epochs 1",
      {
        dataset: "uci-har",
        model: "mlp",
        compression: "top-k-quantised",
        momentum: "0",
        batchSize: "64",
      },
    );
  });

  it("have the digests that the command line gives them, with every kind of privacy", async () => {
    const clip = "2";
    const delta = "1e-5";
    await expectEqual("--epochs 1 --privacy dp-sgd --clip 2 --noise 1.1 --delta 1e-6 --max-samples 100000", {
      privacy: "dp-sgd",
      clip,
      noiseMultiplier: "1.1",
    });
    await expectEqual(
      "--epochs 1 --rounds 5 --privacy gaussian-update --clip 2 --epsilon 4 --max-samples 9999",
      {
        privacy: "gaussian-update",
        noiseBy: "budget",
        clip,
        epsilon: "4",
        delta,
        maxSamples: "9999",
      },
    );
    await expectEqual("--epochs 1 --privacy laplace-gradient --clip 2 --epsilon 3 --max-samples 9999", {
      privacy: "laplace-gradient",
      clip,
      epsilon: "3",
      delta,
      maxSamples: "9999",
    });
    await expectEqual("--epochs 1 --privacy laplace-features --epsilon 3 --max-samples 9999", {
      privacy: "laplace-features",
      epsilon: "3",
      delta,
      maxSamples: "9999",
    });
  });

  it("ask the accountant for the noise by what the command line asks it", () => {
    const draft = {
      ...NEW_DRAFT,
      privacy: "dp-sgd",
      noiseBy: "budget",
      records: "250",
      rounds: "9",
    } as const;
    const { terms: dataset } = draftDataset(draft);
    if (dataset === undefined) throw new Error("The draft describes no data");
    const { budget, rounds, records, training } = privacyRequest(draft, dataset);
    expect({
      budget,
      rounds,
      records,
      batch: training.batchSize,
      epochs: training.localEpochs,
    }).to.deep.equal({
      budget: 8,
      rounds: 9,
      records: 250,
      batch: 10,
      epochs: 1,
    });
  });

  it("have the digests that the command line gives them, on a table whose schema.json was read", async () => {
    mkdirSync(at("table"));
    writeFileSync(at("table", "schema.json"), SCHEMA);
    for (const name of ["train.csv", "test.csv"]) writeFileSync(at("table", name), ROWS);
    const table = readSchemaFile(SCHEMA);
    await expectEqual(`--dataset csv --data ${at("table")} --mae-scale 500 --epochs 1`, {
      dataset: "csv",
      table: JSON.stringify(table),
      maeScale: "500",
    });
  });

  it("have the digests that the command line gives them, on pictures and with a model from a file", async () => {
    for (const name of ["cat", "dog"]) {
      mkdirSync(at("pictures", name), { recursive: true });
      for (let i = 0; i < 8; i++) {
        const picture = { width: 4, height: 4, channels: 3, data: new Uint8Array(48).fill(i * 30) };
        writeFileSync(at("pictures", name, `${i}.png`), encode(picture));
      }
    }
    writeFileSync(at("pictures", "schema.json"), JSON.stringify({ inputShape: [24, 16, 1] }));
    const saved = JSON.stringify({
      modelTopology: { model_config: builtInTopology("lenet", [24, 16, 1], 2) },
    });
    writeFileSync(at("model.json"), saved);
    await expectEqual(
      `--dataset image-folder --data ${at("pictures")} --model ${at("model.json")} --epochs 1`,
      {
        dataset: "image-folder",
        classNames: "cat\n dog \n",
        height: "24",
        width: "16",
        channels: "1",
        model: "file",
        topology: saved,
        topologyName: "model.json",
      },
    );
  });
});
