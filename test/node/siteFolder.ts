import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { id } from "ethers";
import { writeKeystore } from "#node/setup/keystore";
import { ADDRESS_BOOK_FORMAT } from "#protocol/contracts/addressBook";

const WEAK = { N: 2, r: 1, p: 1 };
export const PASSWORD = "correct horse";

/** Fills a folder with what an operator has: node.yaml, a keystore, an address book of contracts that are not there. */
export async function makeSite(folder: string, rpcUrl: string): Promise<void> {
  const names = ["NodeRegistry", "StakeVault", "TaskRegistry", "RoundCoordinator", "RewardLedger"];
  const contracts = Object.fromEntries(names.map((name, i) => [name, `0x${String(i + 1).repeat(40)}`]));
  const book = {
    format: ADDRESS_BOOK_FORMAT,
    chainId: 31_337,
    network: "test",
    deploymentBlock: 1,
    contracts,
  };
  await writeFile(join(folder, "addresses.json"), JSON.stringify(book));
  await writeKeystore(join(folder, "signer.json"), id("signer"), PASSWORD, WEAK);
  const yaml = [
    `rpcUrl: ${rpcUrl}`,
    "addressBook: addresses.json",
    "dataDir: data",
    "keystore: signer.json",
    "dataset: { partition: { seed: 1, nodes: 2, index: 0 } }",
  ];
  await writeFile(join(folder, "node.yaml"), yaml.join("\n"));
}
