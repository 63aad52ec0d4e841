import { Command } from "commander";
import { expect } from "chai";
import { InputError } from "#protocol/errors";
import { checkPrivacy, privacySchema, type PrivacyTerms } from "#protocol/manifest/privacyTerms";
import { privacyOptions, type PrivacyOptions, privacyTerms } from "#cli/publish/privacyOptions";
import { privacyLines } from "#learning/privacy/taskPrivacy";
import { epsilonOf } from "#learning/privacy/accountant";
import { usesOfTraining } from "#learning/privacy/privacyUses";
import type { TaskManifest } from "#protocol/manifest/manifest";

const dpSgd = { kind: "dp-sgd", clip: 1, noiseMultiplier: 1.1, delta: 1e-5 } as const;
const plan = { rounds: 10, maxSamples: 60_000, training: { batchSize: 50, localEpochs: 2 } };

function failure(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof InputError) return error.oneLine;
    throw error;
  }
  return "nothing failed";
}

describe("Privacy terms", () => {
  it("are refused with the reason where a number is bad", () => {
    const reason = (terms: object) => privacySchema.safeParse(terms).error?.issues[0]?.message ?? "accepted";
    expect(reason(dpSgd)).to.equal("accepted");
    expect(reason({ ...dpSgd, clip: 0 })).to.equal(
      "clip: a norm of 0 leaves nothing to learn from, so it must be above 0",
    );
    expect(reason({ ...dpSgd, noiseMultiplier: 0 })).to.match(/without noise nothing is private/);
    expect(reason({ ...dpSgd, delta: 0 })).to.match(/needs some, so it must be above 0/);
    expect(reason({ ...dpSgd, delta: 1 })).to.match(/from 1 on it promises nothing/);
    for (const epsilon of [0, -1]) {
      expect(reason({ kind: "laplace-gradient", clip: 1, epsilon, delta: 1e-5 })).to.match(
        /no noise gives a budget of 0/,
      );
    }
    expect(reason({ ...dpSgd, epsilon: 1 })).to.match(/[Uu]nrecognized key/);
    expect(reason({ kind: "secret" })).to.not.equal("accepted");
  });

  it("are refused with the reason where they do not fit the data or the model", () => {
    const context = { records: 600, batchSize: 10, isFitted: false, topology: {} };
    const check = (terms: PrivacyTerms, change: object = {}) =>
      failure(() => checkPrivacy(terms, { ...context, ...change }));
    expect(check(dpSgd)).to.equal("nothing failed");
    expect(check({ kind: "none" }, { records: 1e9 })).to.equal("nothing failed");
    expect(check({ ...dpSgd, delta: 1 / 600 })).to.match(
      /not below 1\/n for n = 600 records: .* one of them to be published/,
    );
    expect(check(dpSgd, { records: 1e5 })).to.match(/not below 1\/n/);
    const batchNorm = { config: { layers: [{ class_name: "BatchNormalization" }] } };
    expect(check(dpSgd, { topology: batchNorm })).to.match(/has batch norm.*GroupNormalization/);
    const features = { kind: "laplace-features", epsilon: 1, delta: 1e-5 } as const;
    expect(check(features, { batchSize: 1 })).to.match(/is 0 for a batch size of 1/);
    expect(check(features, { isFitted: true })).to.match(/normalised by each node's own records/);
    expect(check(features, { topology: batchNorm })).to.equal("nothing failed");
  });
});

describe("The publisher's privacy options", function () {
  this.timeout(30_000);
  const parse = (text: string): PrivacyOptions =>
    privacyOptions(new Command().exitOverride().configureOutput({ writeErr: () => undefined }))
      .parse(text.split(" "), { from: "user" })
      .opts();
  const terms = (text: string) => privacyTerms(parse(text), plan);

  it("give the terms they name", () => {
    expect(terms("--privacy none")).to.deep.equal({ kind: "none" });
    expect(terms("--privacy dp-sgd --clip 1 --noise 1.1 --delta 1e-5")).to.deep.equal(dpSgd);
    expect(terms("--privacy laplace-gradient --clip 2 --epsilon 3")).to.deep.equal({
      kind: "laplace-gradient",
      clip: 2,
      epsilon: 3,
      delta: 1e-5,
    });
    expect(terms("--privacy laplace-features --epsilon 2 --delta 1e-6")).to.deep.equal({
      kind: "laplace-features",
      epsilon: 2,
      delta: 1e-6,
    });
  });

  it("find the noise with which the whole task keeps within an epsilon", () => {
    const found = terms("--privacy dp-sgd --clip 1 --epsilon 3 --records 2000");
    const uses = usesOfTraining(found, { ...plan.training, records: 2000, features: 1 });
    const spent = epsilonOf(
      uses.map(({ mechanism, times }) => ({ mechanism, times: 10 * times })),
      1e-5,
    );
    expect(spent).to.be.within(2.97, 3);
    const update = terms("--privacy gaussian-update --clip 1 --epsilon 5");
    const rounds = Array.from({ length: 10 }, () =>
      usesOfTraining(update, { ...plan.training, records: 9, features: 1 }),
    );
    expect(epsilonOf(rounds.flat(), 1e-5)).to.be.within(4.9, 5);
  });

  it("are refused with the reason where one is bad, missing or says nothing", () => {
    const refused = (text: string) => failure(() => terms(text));
    expect(refused("--privacy dp-sgd --clip 0 --noise 1")).to.match(/clip: a norm of 0/);
    expect(refused("--privacy dp-sgd --clip 1 --epsilon 0 --records 9")).to.match(/epsilon: no noise gives/);
    expect(refused("--privacy dp-sgd --clip 1 --noise 1 --delta 0")).to.match(/delta: /);
    expect(refused("--privacy dp-sgd --noise 1")).to.match(/needs --clip/);
    expect(refused("--privacy dp-sgd --clip 1")).to.match(/either --noise or --epsilon/);
    expect(refused("--privacy dp-sgd --clip 1 --noise 1 --epsilon 1")).to.match(
      /either --noise or --epsilon/,
    );
    expect(refused("--privacy dp-sgd --clip 1 --epsilon 1")).to.match(/needs --records/);
    expect(refused("--privacy laplace-features --epsilon 1 --clip 1")).to.match(/--clip has no effect/);
    expect(refused("--privacy none --noise 1")).to.match(/--noise has no effect with --privacy none/);
  });

  it("are answered with the guarantee that holds beside what is nominal, and with what is not covered", () => {
    const manifest = (privacy: PrivacyTerms) =>
      ({
        privacy,
        training: { batchSize: 10, localEpochs: 5 },
        dataset: { inputShape: [28, 28, 1], mean: [0.1] },
      }) as unknown as TaskManifest;
    const lines = (privacy: PrivacyTerms) => new Map(privacyLines(manifest(privacy), 20, 600));
    const gradient = lines({ kind: "laplace-gradient", clip: 1, epsilon: 1, delta: 1e-5 });
    expect(gradient.get("nominal")).to.equal("epsilon 1 for one coordinate of one step's gradient (paper 3)");
    expect(gradient.get("guarantee")).to.match(
      /^epsilon \d+\.?\d* at delta 0.00001 after 20 rounds, for a node of 600 records/,
    );
    const own = lines(dpSgd);
    expect(own.has("nominal")).to.equal(false);
    expect(own.get("not covered")).to.match(/scores on validation records.*records that several nodes hold$/);
    expect(lines({ kind: "none" })).to.deep.equal(new Map([["privacy", "none"]]));
  });
});
