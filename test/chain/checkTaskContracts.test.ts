import { expect } from "chai";
import { checkTaskContracts } from "#chain/contracts/checkTaskContracts";
import { parseAddressBook } from "#protocol/contracts/addressBook";
import type { Address } from "#protocol/ids";

const account = (digit: string) => `0x${digit.repeat(40)}` as Address;
const book = parseAddressBook({
  format: "concordat/addresses/1",
  chainId: 31337,
  network: "local",
  deploymentBlock: 1,
  contracts: {
    NodeRegistry: account("1"),
    TaskRegistry: account("2"),
    StakeVault: account("3"),
    RewardLedger: account("4"),
    RoundCoordinator: account("5"),
  },
});
const trusted = { stakeVault: account("3"), rewardLedger: account("4"), coordinator: account("5") };

describe("the contracts that a task names", () => {
  it("are accepted where they are those of the address book", () => {
    checkTaskContracts(book, 1, trusted);
  });

  for (const name of ["coordinator", "stakeVault", "rewardLedger"] as const) {
    it(`are refused where the ${name} is another`, () => {
      expect(() => checkTaskContracts(book, 7, { ...trusted, [name]: account("6") })).to.throw(
        new RegExp(`Task 7 names ${account("6")} as its ${name}`),
      );
    });
  }
});
