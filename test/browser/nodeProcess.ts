import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeKeystore } from "#node/setup/keystore";
import type { NodeConfigInput } from "#node/setup/nodeConfig";
import { start, type Running } from "../cli/concordat.ts";
import type { TestNode } from "../contracts/federation.ts";
import type { DappFixture } from "./dappFixture.ts";

const PASSWORD = "correct horse";
/** A keystore that opens at once: only for tests. */
const WEAK = { N: 2, r: 1, p: 1 };

/** A node of the stage's federation as an operator runs it: `concordat node run`, a process of its own. */
export interface NodeProcess {
  readonly running: Running;
  /** Its gateway, as a page asks it. */
  readonly origin: string;
  stop(): Promise<void>;
}

/** Starts a node and names its endpoints in the registry, as its operator does with `node announce`. */
export async function startNode(
  fixture: DappFixture,
  { nodeId, signer, operator }: TestNode,
  folder: string,
  more: Partial<NodeConfigInput> = {},
): Promise<NodeProcess> {
  const dir = join(folder, `node-${nodeId}`);
  await mkdir(dir, { recursive: true });
  const { networks } = (await fixture.config()) as { networks: { addressBook: unknown }[] };
  const addressBook = join(dir, "addresses.json");
  await writeFile(addressBook, JSON.stringify(networks[0]?.addressBook));
  const keystore = join(dir, "signer.json");
  await writeKeystore(keystore, signer.privateKey, PASSWORD, WEAK);
  const config: NodeConfigInput = {
    rpcUrl: fixture.rpcUrl,
    addressBook,
    dataDir: join(dir, "data"),
    keystore,
    confirmations: 0,
    idlePollMs: 200,
    dataset: {
      partition: { seed: 1, nodes: 4, index: nodeId - 1, trainPerClass: 20, validationPerClass: 10 },
    },
    ...more,
  };
  const file = join(dir, "node.yaml");
  // JSON is YAML.
  await writeFile(file, JSON.stringify(config));
  const running = start(["node", "run", "--config", file, "--json"], { CONCORDAT_PASSWORD: PASSWORD });
  const endpoints = await running.says(/"endpoints":"([^"]+)","msg":"node is running"/);
  const { nodeRegistry } = fixture.federation.contracts;
  await (await nodeRegistry.connect(operator).setEndpoints(endpoints)).wait();
  const [, host = "", port = ""] = /\/ip4\/([\d.]+)\/tcp\/(\d+)\/http/.exec(endpoints) ?? [];
  return {
    running,
    origin: `http://${host}:${port}`,
    stop: async () => {
      running.child.kill("SIGTERM");
      await running.done;
    },
  };
}
