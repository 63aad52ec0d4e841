import { dirname } from "node:path";
import { compiledContracts } from "@concordat/deploy/compiledContracts";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

/** A chain inside this process, and the environment that deploys to it. */
export interface EmbeddedChain {
  readonly rpcUrl: string;
  readonly hre: HardhatRuntimeEnvironment;
  close(): Promise<void>;
}

const CHAIN_ID = 31_337;
/** Milliseconds between blocks. */
export const BLOCK_MS = 250;

/**
 * Starts Hardhat's simulated chain on a loopback port that the system chooses, one block every {@link BLOCK_MS}. Its
 * twenty well-known accounts have 10,000 ether each; it keeps nothing over its end.
 */
export async function startEmbeddedChain(): Promise<EmbeddedChain> {
  const { createHardhatRuntimeEnvironment } = await import("hardhat/hre");
  const artifacts = compiledContracts();
  const config = {
    networks: {
      // Times are whole seconds, and blocks come faster.
      node: { type: "edr-simulated", chainId: CHAIN_ID, allowBlocksWithSameTimestamp: true },
      // How a deployment reaches it, whose address it is then told.
      local: { type: "http", url: "http://127.0.0.1" },
    },
    paths: { artifacts },
  } as const;
  const hre = await createHardhatRuntimeEnvironment(config, {}, dirname(artifacts));
  const server = await hre.network.createServer(
    {
      network: "node",
      override: { mining: { auto: false, interval: BLOCK_MS } },
    },
    "127.0.0.1",
    0,
  );
  const { address, port } = await server.listen();
  return { rpcUrl: `http://${address}:${port}`, hre, close: () => server.close() };
}
