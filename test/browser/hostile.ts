import { Wallet, getCreateAddress } from "ethers";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { OFFICIAL_TERMS } from "#learning/data/officialTerms";
import { buildDag, type Block } from "#protocol/artifacts/contentAddress";
import type { Address } from "#protocol/ids";
import { MANIFEST_LIMITS, encodeManifest } from "#protocol/manifest/manifest";
import { termsToAbi } from "#protocol/terms/taskTerms";
import type { TaskTerms } from "#protocol/terms/taskTerms";
import { digestOf, fund } from "../contracts/federation.ts";
import type { Federation, TestNode } from "../contracts/federation.ts";

const RIGHT_TO_LEFT = "\u202E";
/** Whom the hostile task would have a browser call. */
export const HOSTILE_HOST = "hostile.example";
/** An address that only markup of the hostile task would load. */
export const HOSTILE_IMAGE = `https://${HOSTILE_HOST}/x`;
const SCRIPT = `<img src=${HOSTILE_IMAGE} onerror=document.body.dataset.ran=1>`;
/** As long as a manifest allows, none of it with a place to break. */
export const HOSTILE_NAME = `${RIGHT_TO_LEFT}${SCRIPT}\u0007`.padEnd(MANIFEST_LIMITS.maxNameLength, "W");
const DESCRIPTION = `${SCRIPT}${RIGHT_TO_LEFT}\u0000`.padEnd(MANIFEST_LIMITS.maxDescriptionLength, "M");
/** Endpoints that the contract takes and nobody can call: as long as it allows, and without a space. */
const ENDPOINTS = `${SCRIPT}https://${HOSTILE_HOST}:8080/`.replaceAll(" ", "_").padEnd(512, "w");
/** Gas of the greatest of its transactions, which stores 8,000 letters; given, it need not be asked for. */
const GAS = { gasLimit: 12_000_000 };

/** A task whose author tries to harm those who look at it, and who join it. */
export interface HostileTask {
  readonly taskId: number;
  /** The one account that is its coordinator, ledger and arbiter. */
  readonly account: string;
  readonly token: string;
  /** What its terms name as manifest, for whoever serves it. */
  readonly manifest: Uint8Array;
}

/**
 * Publishes a task that names one account as coordinator, ledger and arbiter of a token of its own with a name of 4,000
 * letters, with absurd numbers, and a manifest whose texts are as long as they may be, with script, controls and letters
 * that run from right to left.
 */
export async function publishHostile(
  { connection, contracts }: Pick<Federation, "connection" | "contracts">,
  terms: TaskTerms,
): Promise<HostileTask> {
  const { ethers, networkHelpers } = connection;
  const manifest = hostileManifest();
  const author = new Wallet(Wallet.createRandom().privateKey, ethers.provider);
  await fund(connection, author.address);
  const account = author.address as Address;
  const token = getCreateAddress({ from: account, nonce: 0 }) as Address;
  const supply = 10n ** 60n;
  const symbol = `${RIGHT_TO_LEFT}${SCRIPT}`.padEnd(4000, "T");
  const hostile: TaskTerms = {
    ...terms,
    manifestDigest: (await buildDag(manifest)).digest,
    initialModelDigest: digestOf("no model"),
    coordinator: account,
    rewardLedger: account,
    arbiter: account,
    slashRecipient: account,
    stakeToken: token,
    rewardToken: token,
    minStake: 2n ** 100n,
    rewardUnit: 2n ** 60n,
    maxNodes: 1024,
    rounds: 1000,
    reputationMax: 65_535,
  };
  const permit = { deadline: 0, v: 0, r: digestOf("r"), s: digestOf("s") };
  // All three before a block is waited for, since some chains make one only now and then.
  const factory = await ethers.getContractFactory("NamedToken", author);
  const deployed = await factory.deploy(symbol, symbol, supply, { ...GAS, nonce: 0 });
  await deployed.getFunction("approve")(contracts.taskRegistry, supply, { ...GAS, nonce: 1 });
  await contracts.taskRegistry.connect(author).publish(termsToAbi(hostile), permit, { ...GAS, nonce: 2 });
  await networkHelpers.mine();
  const taskId = Number(await contracts.taskRegistry.taskCount());
  return { taskId, account, token, manifest };
}

/**
 * Serves the manifest of a hostile task at one more of the host's endpoints; another node, if there is one to spare, names
 * endpoints that are garbage.
 */
export async function serveHostile(
  { contracts: { nodeRegistry } }: Pick<Federation, "contracts">,
  { manifest }: HostileTask,
  host: TestNode,
  garbage?: TestNode,
): Promise<BlockHost> {
  const served = await serveBlocks((await buildDag(manifest)).blocks);
  const { endpoints } = await nodeRegistry.node(host.nodeId);
  await nodeRegistry.connect(host.operator).setEndpoints(`${endpoints} ${served.endpoints}`);
  if (garbage !== undefined) await nodeRegistry.connect(garbage.operator).setEndpoints(ENDPOINTS);
  return served;
}

function hostileManifest(): Uint8Array {
  return encodeManifest({
    format: "concordat/manifest/1",
    name: HOSTILE_NAME,
    description: DESCRIPTION,
    model: { topology: {}, tensors: [{ name: "t".repeat(200), shape: [1] }] },
    dataset: OFFICIAL_TERMS.mnist,
    training: {
      optimiser: "sgd",
      learningRate: 0.01,
      momentum: 0,
      localEpochs: MANIFEST_LIMITS.maxEpochs,
      batchSize: MANIFEST_LIMITS.maxBatchSize,
      seed: 1,
    },
    evaluation: { metric: "accuracy", negotiationSplit: "validation" },
    privacy: { kind: "none" },
    compression: { kind: "none" },
  });
}

export interface BlockHost {
  /** As a node names it in the registry. */
  readonly endpoints: string;
  /** As a browser calls it. */
  readonly origin: string;
  close(): Promise<void>;
}

/** A trustless gateway over these blocks and those that are added to them, which lets every page ask. */
export async function serveBlocks(blocks: readonly Block[]): Promise<BlockHost> {
  const server = createServer((request, response) => {
    const cid = /^\/ipfs\/([^?]+)/.exec(request.url ?? "")?.[1] ?? "";
    const block = blocks.find((each) => each.cid.toString() === cid)?.bytes;
    response
      .writeHead(request.method === "OPTIONS" ? 204 : block === undefined ? 404 : 200, {
        "access-control-allow-origin": "*",
        "access-control-allow-headers": "*",
        "access-control-allow-methods": "*",
      })
      .end(request.method === "GET" ? block : undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoints: `/ip4/127.0.0.1/tcp/${port}/http`,
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
