import { readFileSync } from "node:fs";
import { expect } from "chai";
import { network } from "hardhat";
import { CONTRACTS, compiledContract } from "../../tools/buildOutput.ts";
import { codeSizes } from "../../tools/codeSizes.ts";
import type { CodeSize } from "../../tools/codeSizes.ts";
import { storageSnapshot } from "../../tools/storageSnapshot.ts";
import type { StorageSnapshot } from "../../tools/storageSnapshot.ts";
import { gasOfActions } from "./gas/gasOfActions.ts";

const RENEW = "Where this is meant, renew the snapshots with `npm run snapshots` and commit them.";

function committed<T>(name: string): Readonly<Record<string, T>> {
  const file = new URL(`../../contracts/snapshots/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as Record<string, T>;
}

/** A line for each entry that is not as it was, "none" where it is missing. */
function differences<T>(before: Readonly<Record<string, T>>, after: Readonly<Record<string, T>>): string[] {
  const words = (value: T | undefined): string => (value === undefined ? "none" : JSON.stringify(value));
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => words(before[name]) !== words(after[name]))
    .map((name) => `${name}: ${words(before[name])} before, ${words(after[name])} now`);
}

function expectNone(what: string, found: readonly string[]): void {
  expect(found, [`${what} changed.`, ...found, RENEW].join("\n")).to.deep.equal([]);
}

describe("The contracts' committed snapshots", function () {
  this.timeout(120_000);

  it("tell the gas of every action", async () => {
    expectNone("Gas", differences(committed<number>("gas"), await gasOfActions(network)));
  });

  it("tell where every contract stores what", () => {
    const lines = (snapshots: Readonly<Record<string, StorageSnapshot>>) =>
      Object.fromEntries(
        Object.entries(snapshots).flatMap(([name, { variables, structs }]) =>
          Object.entries({ variables, ...structs }).map(([part, fields]) => [`${name}, ${part}`, fields]),
        ),
      );
    const layouts = CONTRACTS.map((name) => compiledContract(`contracts/${name}.sol`)).map(
      ({ name, layout }) => [name, storageSnapshot(layout)] as const,
    );
    const found = differences(
      lines(committed<StorageSnapshot>("storage")),
      lines(Object.fromEntries(layouts)),
    );
    expectNone("Storage", found);
  });

  it("tell the size of every contract's code, and each fits a block's rules (EIP-170)", () => {
    const sizes = codeSizes();
    expectNone("Code", differences(committed<CodeSize>("codeSizes"), sizes));
    for (const [name, { free }] of Object.entries(sizes)) expect(free, name).to.be.at.least(0);
  });

  it("name every action that changed, with both its figures", () => {
    expect(differences({ same: 1, dearer: 2, gone: 3 }, { same: 1, dearer: 4, added: 5 })).to.deep.equal([
      "dearer: 2 before, 4 now",
      "gone: 3 before, none now",
      "added: none before, 5 now",
    ]);
  });
});
