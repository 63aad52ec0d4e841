import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { network } from "hardhat";
import { readStatus } from "#cli/actions/nodeAnnounce";
import { ChildProcesses } from "#demo/childProcesses";
import { Cleanup } from "#demo/cleanup";
import { startEmbeddedChain } from "#demo/embeddedChain";
import { PASSWORD, foundFederation, type Federation } from "#demo/federation";
import { createHeliaStore } from "#store/helia/heliaStore";
import { resultDomain } from "#protocol/messages/signedResults";
import { start } from "../cli/concordat.ts";
import { Federation as TestFederation, type Connection } from "../contracts/federation.ts";
import { publishHostile } from "./hostile.ts";

/** Shares of `digits` for the founders and one node more. */
const SHARES = { seed: 1, nodes: 4 };
const FOUNDERS = 3;

/** The `concordat` command. */
const COMMAND = fileURLToPath(new URL("../../oracle-nodes/cli/bin/concordat.mjs", import.meta.url));

/**
 * A chain, the contracts, and three founding nodes, each a process of its own as `concordat node run` starts it. Task 1 is
 * there to harm whoever looks at it; the first node serves its manifest.
 */
export class Founders {
  readonly rpcUrl: string;
  readonly federation: Federation;
  /** Where everything is kept until the end. */
  readonly folder: string;
  readonly #cleanup: Cleanup;
  readonly #processes = new ChildProcesses(COMMAND);
  readonly #logs: string[] = [];

  private constructor(rpcUrl: string, federation: Federation, folder: string, cleanup: Cleanup) {
    this.rpcUrl = rpcUrl;
    this.federation = federation;
    this.folder = folder;
    this.#cleanup = cleanup;
    cleanup.add(() => federation.provider.destroy());
    cleanup.add(() => this.#processes.stop());
  }

  /** Resolves once all of them run. */
  static async open(): Promise<Founders> {
    const cleanup = new Cleanup();
    try {
      const folder = await mkdtemp(join(tmpdir(), "concordat-founders-"));
      cleanup.add(() => rm(folder, { recursive: true, force: true }));
      const chain = await startEmbeddedChain();
      cleanup.add(() => chain.close());
      const federation = await foundFederation(chain, folder, { nodes: FOUNDERS }, SHARES, []);
      await harm(chain.rpcUrl, federation);
      const founders = new Founders(chain.rpcUrl, federation, folder, cleanup);
      await Promise.all(federation.nodes.map(({ dir }) => founders.run(dir)));
      return founders;
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  /** Rejects when a node's process ends by itself. */
  get failure(): Promise<never> {
    return this.#processes.failure;
  }

  /** Starts the process of the node in this folder; resolves with where it serves, once it does. */
  async run(dir: string): Promise<string> {
    const logFile = join(dir, "node.log");
    this.#logs.push(logFile);
    void this.#processes.start({
      name: dir,
      args: ["node", "run", "--config", join(dir, "node.yaml")],
      logFile,
      env: { CONCORDAT_PASSWORD: PASSWORD },
    });
    let endpoints: string | undefined;
    await this.until(async () => {
      endpoints = (await readStatus(join(dir, "data")))?.endpoints;
      return endpoints !== undefined;
    });
    return endpoints ?? "";
  }

  /** Runs `concordat ... --json` to its end, which must be a good one. */
  async concordat<T>(...args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await start([...args, "--json"], { CONCORDAT_PASSWORD: PASSWORD }).done;
    if (code !== 0) throw new Error(`concordat ${args.join(" ")} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  /** Resolves once the condition holds; asks at every block. */
  async until(condition: () => Promise<boolean>): Promise<void> {
    const { provider } = this.federation;
    const holds = async (): Promise<void> => {
      while (!(await condition())) await new Promise((resolve) => void provider.once("block", resolve));
    };
    await Promise.race([holds(), this.failure]);
  }

  /** The ends of the nodes' logs, for a test that failed. */
  async lastLines(): Promise<string> {
    const logs = this.#logs.map(async (file) => (await readFile(file, "utf8")).trim().split("\n").slice(-8));
    return (await Promise.all(logs)).flat().join("\n");
  }

  async close(): Promise<void> {
    await this.#cleanup.run();
  }
}

/** Publishes the hostile task, and puts its manifest into the store of the first node, which must not run yet. */
async function harm(rpcUrl: string, { book, nodes: [first] }: Federation): Promise<void> {
  const connection = (await network.create({
    network: "local",
    override: { url: rpcUrl },
  })) as unknown as Connection;
  try {
    const { ethers } = connection;
    const at = book.contracts;
    const [nodeRegistry, taskRegistry, stakeVault, rewardLedger, coordinator, token] = await Promise.all([
      ethers.getContractAt("NodeRegistry", at.NodeRegistry),
      ethers.getContractAt("TaskRegistry", at.TaskRegistry),
      ethers.getContractAt("StakeVault", at.StakeVault),
      ethers.getContractAt("RewardLedger", at.RewardLedger),
      ethers.getContractAt("RoundCoordinator", at.RoundCoordinator),
      ethers.getContractAt("DevelopmentToken", book.tokens?.DevelopmentToken ?? ""),
    ]);
    const contracts = { nodeRegistry, taskRegistry, stakeVault, rewardLedger, coordinator, token };
    const domain = resultDomain(BigInt(book.chainId), at.RoundCoordinator);
    const federation = new TestFederation(
      connection,
      [],
      domain,
      contracts as unknown as TestFederation["contracts"],
    );
    const { manifest } = await publishHostile(federation, await federation.defaultTerms());
    const store = await createHeliaStore({ dir: join(first?.dir ?? "", "data", "artifacts") });
    await store.put(manifest);
    await store.close();
  } finally {
    await connection.close();
  }
}
