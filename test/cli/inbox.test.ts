import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import pino from "pino";
import { addArtifacts } from "#cli/nodeStore";
import { openDataFolder } from "#node/setup/dataFolder";
import { inboxOf, openInbox } from "#node/serving/inbox";
import { parseNodeConfig } from "#node/setup/nodeConfig";
import { digestOf } from "#protocol/artifacts/contentAddress";
import { ConcordatError, InputError } from "#protocol/errors";
import type { Digest } from "#protocol/ids";
import { readHeldArtifact } from "#cli/nodeFolder";

const FILES = ["a manifest", "an initial model"].map((text) => new Uint8Array(Buffer.from(text)));
const unreachable = (error: Error): never => {
  throw error;
};

describe("files for a node's store", function () {
  this.timeout(120_000);
  const silent = pino({ level: "silent" });
  let dataDir: string;

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "concordat-inbox-"));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  const config = () =>
    parseNodeConfig({
      rpcUrl: "http://127.0.0.1:1",
      addressBook: "addresses.json",
      dataDir,
      keystore: "signer.json",
      dataset: { partition: { kind: "classes", seed: 1, nodes: 1, index: 0 } },
    });

  /** Stands for a node that runs: it holds the folder, and its store remembers what it was given. */
  async function runningNode(put: (bytes: Uint8Array) => Promise<Digest> = digestOf) {
    const folder = await openDataFolder(dataDir, unreachable);
    const stored: string[] = [];
    const store = {
      put: async (bytes: Uint8Array) => {
        stored.push(Buffer.from(bytes).toString());
        return put(bytes);
      },
    };
    const close = openInbox(dataDir, store, silent);
    return {
      stored,
      stop: async () => {
        await close();
        await folder.release();
      },
    };
  }

  it("are taken by the node itself while it runs, and nothing is left in the inbox", async () => {
    const node = await runningNode();
    try {
      const { digests, byRunningNode } = await addArtifacts(config(), FILES);
      expect(byRunningNode).to.equal(true);
      expect(digests).to.deep.equal(await Promise.all(FILES.map(digestOf)));
      expect(node.stored).to.deep.equal(["a manifest", "an initial model"]);
      expect(readdirSync(inboxOf(dataDir))).to.deep.equal([]);
    } finally {
      await node.stop();
    }
  });

  it("are put into the folder of a node that does not run, where they can be read again", async () => {
    const { digests, byRunningNode } = await addArtifacts(config(), FILES);
    expect(byRunningNode).to.equal(false);
    const [first] = digests;
    expect(Buffer.from((await readHeldArtifact({ dataDir }, first as Digest)) ?? []).toString()).to.equal(
      "a manifest",
    );
    expect(await readHeldArtifact({ dataDir }, await digestOf(new Uint8Array([1])))).to.equal(undefined);
  });

  it("are refused with the node's reason, and stay with who gave them", async () => {
    const full = new ConcordatError("Cannot write: no space left", { hint: "Free space" });
    const node = await runningNode(async () => Promise.reject(full));
    try {
      const error = await addArtifacts(config(), FILES).catch((cause: unknown) => cause);
      expect(error).to.be.instanceOf(InputError);
      expect(String(error)).to.contain("no space left. Free space");
      expect(readdirSync(inboxOf(dataDir))).to.deep.equal([]);
    } finally {
      await node.stop();
    }
  });

  it("are taken back where the node holds its folder and does not answer", async () => {
    const folder = await openDataFolder(dataDir, unreachable);
    try {
      const error = await addArtifacts(config(), FILES, 1).catch((cause: unknown) => cause);
      expect(String(error)).to.contain("is not taking files from its inbox");
      expect(readdirSync(inboxOf(dataDir))).to.deep.equal([]);
    } finally {
      await folder.release();
    }
  });

  it("are taken up at the start where they were dropped before it, half-written ones only once they are whole", async () => {
    const inbox = inboxOf(dataDir);
    mkdirSync(inbox);
    writeFileSync(join(inbox, "model.artifact"), "whole");
    writeFileSync(join(inbox, "other.artifact.partial"), "half");
    const node = await runningNode();
    const until = async (condition: () => boolean): Promise<void> => {
      while (!condition()) await new Promise((resolve) => setImmediate(resolve));
    };
    try {
      await until(() => readdirSync(inbox).includes("model.answer.json"));
      expect(node.stored).to.deep.equal(["whole"]);
      renameSync(join(inbox, "other.artifact.partial"), join(inbox, "other.artifact"));
      await until(() => readdirSync(inbox).includes("other.answer.json"));
      await until(() => !readdirSync(inbox).includes("other.artifact"));
      expect(node.stored).to.deep.equal(["whole", "half"]);
    } finally {
      await node.stop();
    }
  });
});
