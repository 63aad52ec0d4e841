/**
 * Writes contracts/snapshots: gas of every action, storage layout and code size of every contract. They are committed and the
 * tests compare (test/contracts/snapshots.test.ts), so that a commit which changes any of them shows it.
 *
 *     npm run snapshots
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { network } from "hardhat";
import { gasOfActions } from "../test/contracts/gas/gasOfActions.ts";
import { CONTRACTS, compiledContract } from "./buildOutput.ts";
import { codeSizes } from "./codeSizes.ts";
import { storageSnapshot } from "./storageSnapshot.ts";

const folder = new URL("../contracts/snapshots/", import.meta.url);
mkdirSync(folder, { recursive: true });
const layouts = CONTRACTS.map((name) => compiledContract(`contracts/${name}.sol`)).map(
  ({ name, layout }) => [name, storageSnapshot(layout)] as const,
);
write("storage.json", Object.fromEntries(layouts));
write("codeSizes.json", codeSizes());
write("gas.json", await gasOfActions(network));

function write(file: string, value: unknown): void {
  writeFileSync(new URL(file, folder), `${JSON.stringify(value, undefined, 2)}\n`);
}
