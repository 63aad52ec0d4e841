import type { Wallet } from "ethers";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { OFFICIAL_TERMS } from "../../oracle-nodes/src/learning/data/officialTerms.ts";
import { buildDag } from "../../protocol/contentAddress.ts";
import type { Address } from "../../protocol/ids.ts";
import { MANIFEST_LIMITS, encodeManifest } from "../../protocol/manifest.ts";
import { termsToAbi } from "../../protocol/taskTerms.ts";
import type { TaskTerms } from "../../protocol/taskTerms.ts";
import { digestOf, fund } from "../contracts/federation.ts";
import type { Federation } from "../contracts/federation.ts";

const RIGHT_TO_LEFT = "\u202E";
const SCRIPT = "<img src=x onerror=document.body.dataset.ran=1>";
/** As long as a manifest allows, none of it with a place to break. */
export const HOSTILE_NAME = `${RIGHT_TO_LEFT}${SCRIPT}\u0007`.padEnd(MANIFEST_LIMITS.maxNameLength, "W");
const DESCRIPTION = `${SCRIPT}${RIGHT_TO_LEFT}\u0000`.padEnd(MANIFEST_LIMITS.maxDescriptionLength, "M");
/** Endpoints that the contract takes and nobody can call: as long as it allows, and without a space. */
const ENDPOINTS = `${SCRIPT}https://a.example:8080/`.replaceAll(" ", "_").padEnd(512, "w");

/** A task whose author tries to harm those who look at it, and who join it. */
export interface HostileTask {
  readonly taskId: number;
  /** The one account that is its coordinator, ledger and arbiter. */
  readonly account: string;
  readonly token: string;
  close(): Promise<void>;
}

/**
 * Publishes a task that names one account as coordinator, ledger and arbiter of a token of its own with a name of 4,000
 * letters, with absurd numbers, and a manifest whose texts are as long as they may be, with script, controls and letters
 * that run from right to left. The manifest is served at the endpoints of `host`; another node, if there is one to spare,
 * names endpoints that are garbage.
 */
export async function publishHostile(
  { connection, contracts }: Pick<Federation, "connection" | "contracts">,
  terms: TaskTerms,
  host: Wallet,
  garbage?: Wallet,
): Promise<HostileTask> {
  const { ethers } = connection;
  const manifest = await buildDag(hostileManifest());
  const gateway = await serveBlocks(
    new Map(manifest.blocks.map(({ cid, bytes }) => [cid.toString(), bytes])),
  );
  await contracts.nodeRegistry.connect(host).setEndpoints(gateway.endpoints);
  if (garbage !== undefined) await contracts.nodeRegistry.connect(garbage).setEndpoints(ENDPOINTS);
  const author = ethers.Wallet.createRandom().connect(ethers.provider);
  await fund(connection, author.address);
  const supply = 10n ** 60n;
  const symbol = `${RIGHT_TO_LEFT}${SCRIPT}`.padEnd(4000, "T");
  const token = await ethers.deployContract("NamedToken", [symbol, symbol, supply], author);
  const address = await token.getAddress();
  const account = author.address as Address;
  const hostile: TaskTerms = {
    ...terms,
    manifestDigest: manifest.digest,
    initialModelDigest: digestOf("no model"),
    coordinator: account,
    rewardLedger: account,
    arbiter: account,
    slashRecipient: account,
    stakeToken: address as Address,
    rewardToken: address as Address,
    minStake: 2n ** 100n,
    rewardUnit: 2n ** 60n,
    maxNodes: 1024,
    rounds: 1000,
    reputationMax: 65_535,
  };
  await (await token.getFunction("approve")(contracts.taskRegistry, supply)).wait();
  const permit = { deadline: 0, v: 0, r: digestOf("r"), s: digestOf("s") };
  await contracts.taskRegistry.connect(author).publish(termsToAbi(hostile), permit);
  const taskId = Number(await contracts.taskRegistry.taskCount());
  return { taskId, account, token: address, close: gateway.close };
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

interface BlockHost {
  /** As a node names it in the registry. */
  readonly endpoints: string;
  close(): Promise<void>;
}

/** A trustless gateway over these blocks, which lets every page ask. */
export async function serveBlocks(blocks: ReadonlyMap<string, Uint8Array>): Promise<BlockHost> {
  const server = createServer((request, response) => {
    const cid = /^\/ipfs\/([^?]+)/.exec(request.url ?? "")?.[1] ?? "";
    const block = blocks.get(cid);
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
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
