import { fileURLToPath } from "node:url";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

/** A chain inside this process, and the environment that deploys to it. */
export interface EmbeddedChain {
  readonly rpcUrl: string;
  readonly hre: HardhatRuntimeEnvironment;
  close(): Promise<void>;
}

/** Milliseconds between blocks. */
export const BLOCK_MS = 250;

/**
 * Starts Hardhat's simulated chain on a loopback port that the system chooses, one block every {@link BLOCK_MS}. Its
 * twenty well-known accounts have 10,000 ether each; it keeps nothing over its end.
 */
export async function startEmbeddedChain(): Promise<EmbeddedChain> {
  const { createHardhatRuntimeEnvironment } = await import("hardhat/hre");
  const { default: config } = await import("../../../hardhat.config.ts");
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  const hre = await createHardhatRuntimeEnvironment(config, { config: `${root}hardhat.config.ts` }, root);
  const server = await hre.network.createServer(
    {
      network: "node",
      override: { mining: { auto: false, interval: BLOCK_MS }, allowBlocksWithSameTimestamp: true },
    },
    "127.0.0.1",
    0,
  );
  const { address, port } = await server.listen();
  return { rpcUrl: `http://${address}:${port}`, hre, close: () => server.close() };
}
