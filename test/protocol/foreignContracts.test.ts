import { expect } from "chai";
import { parseAddressBook } from "#protocol/contracts/addressBook";
import { confirmedInVain, foreignAddresses, unconfirmed } from "#protocol/contracts/foreignContracts";
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
const publisher = account("a");
const honest = {
  coordinator: account("5"),
  stakeVault: account("3"),
  rewardLedger: account("4"),
  arbiter: account("b"),
  slashRecipient: account("c"),
  minStake: 0n,
};

describe("the accounts that a task's terms name", () => {
  it("need no confirmation where the contracts are the address book's and nothing is staked", () => {
    const foreign = foreignAddresses(honest, publisher, book);
    expect(foreign.map(({ role, mustConfirm }) => [role, mustConfirm])).to.deep.equal([
      ["arbiter", false],
      ["slashRecipient", false],
    ]);
    expect(unconfirmed(foreign, [])).to.deep.equal([]);
  });

  for (const [role, expected] of [
    ["coordinator", "5"],
    ["stakeVault", "3"],
    ["rewardLedger", "4"],
  ] as const) {
    it(`must be confirmed where the ${role} is another, with what the address book has`, () => {
      const foreign = foreignAddresses({ ...honest, [role]: account("9") }, publisher, book);
      const [first] = foreign;
      expect(first).to.include({
        role,
        address: account("9"),
        expected: account(expected),
        mustConfirm: true,
      });
      expect(unconfirmed(foreign, [])).to.have.length(1);
      expect(unconfirmed(foreign, [account("9").toUpperCase().replace("0X", "0x")])).to.deep.equal([]);
    });
  }

  it("include the arbiter wherever stake is asked for, and say that it is the publisher", () => {
    const foreign = foreignAddresses({ ...honest, arbiter: publisher, minStake: 1n }, publisher, book);
    const [arbiter] = unconfirmed(foreign, []);
    expect(arbiter).to.include({ role: "arbiter", isPublisher: true });
    expect(unconfirmed(foreign, [publisher])).to.deep.equal([]);
  });

  it("show one account in all the roles that it took", () => {
    const one = account("9");
    const terms = { ...honest, coordinator: one, rewardLedger: one, arbiter: one, minStake: 100n };
    const missing = unconfirmed(foreignAddresses(terms, publisher, book), []);
    expect(missing.map(({ role }) => role)).to.deep.equal(["coordinator", "rewardLedger", "arbiter"]);
  });

  it("make a confirmation that fits no role visible", () => {
    const foreign = foreignAddresses(honest, publisher, book);
    expect(confirmedInVain(foreign, [account("b"), account("d")])).to.deep.equal([account("d")]);
  });

  it("leave out the zero address, which obeys nobody", () => {
    const terms = { ...honest, arbiter: account("0"), slashRecipient: account("0") };
    expect(foreignAddresses(terms, publisher, book)).to.deep.equal([]);
  });

  it("compare addresses whatever their case", () => {
    const mixed = { ...honest, coordinator: account("5").toUpperCase().replace("0X", "0x") as Address };
    expect(foreignAddresses(mixed, publisher, book).map(({ role }) => role)).to.not.include("coordinator");
  });
});
