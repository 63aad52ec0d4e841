import { expect } from "chai";
import { Wallet } from "ethers";
import { artifacts, network } from "hardhat";
import { deployConcordat } from "#deploy/deployConcordat";
import { readDeploymentParameters } from "#deploy/deploymentParameters";
import { parseAddressBook } from "#protocol/contracts/addressBook";
import type { AddressBook } from "#protocol/contracts/addressBook";
import { InputError } from "#protocol/errors";

const CODE_LIMIT = 24_576;
const DAY = 86_400;
const hre = { artifacts, network };
const founder = {
  operator: Wallet.createRandom().address,
  signer: Wallet.createRandom().address,
  encryptionKey: "0x01",
  endpoints: "http://127.0.0.1:1",
};
const settings = {
  founders: [founder],
  votingPeriod: DAY,
  unbondingPeriod: 30 * DAY,
  developmentToken: true,
};

describe("Deployment", () => {
  it("wires the five contracts and says where they are", async () => {
    const connection = await network.create();
    const { ethers } = connection;
    const book = await deployConcordat({ hre, chain: connection, ...settings });

    expect(book).to.include({ format: "concordat/addresses/1", chainId: 31337, deploymentBlock: 1 });
    const { NodeRegistry, TaskRegistry, StakeVault, RewardLedger, RoundCoordinator } = book.contracts;
    const registry = await ethers.getContractAt("NodeRegistry", NodeRegistry);
    const first = await registry.getFunction("node")(1);
    expect(first.operator).to.equal(founder.operator);
    expect(first.endpoints).to.equal(founder.endpoints);
    const vault = await ethers.getContractAt("StakeVault", StakeVault);
    expect(await vault.getFunction("unbondingPeriod")()).to.equal(30 * DAY);
    for (const [name, at] of Object.entries({ StakeVault, RewardLedger, RoundCoordinator })) {
      const contract = await ethers.getContractAt(name, at);
      expect(await contract.getFunction("nodeRegistry")()).to.equal(NodeRegistry);
      expect(await contract.getFunction("taskRegistry")()).to.equal(TaskRegistry);
    }
    const token = await ethers.getContractAt("DevelopmentToken", book.tokens?.DevelopmentToken ?? "");
    expect(await token.getFunction("symbol")()).to.equal("DEV");
  });

  it("keeps every contract below the limit of EIP-170", async () => {
    const connection = await network.create();
    const book = await deployConcordat({ hre, chain: connection, ...settings });
    for (const [name, at] of Object.entries(book.contracts)) {
      const code = await connection.ethers.provider.getCode(at);
      expect((code.length - 2) / 2, name).to.be.within(1, CODE_LIMIT);
    }
  });

  it("reaches any JSON-RPC endpoint, with its unlocked accounts or with a key", async () => {
    const server = await network.createServer({ network: "node" }, "127.0.0.1", 0);
    try {
      const { address, port } = await server.listen();
      const chain = `http://${address}:${port}`;
      const plain = { hre, chain, ...settings, developmentToken: false };
      const first = await deployConcordat({ ...plain, networkName: "here" });
      expect(first.network).to.equal("here");
      expect(first.tokens).to.equal(undefined);
      const key = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
      const second = await deployConcordat({ ...plain, deployerKey: key });
      expect(second.deploymentBlock).to.equal(first.deploymentBlock + 6);
      expect(second.contracts.NodeRegistry).not.to.equal(first.contracts.NodeRegistry);
    } finally {
      await server.close();
    }
  });

  it("fails with the contract's reason when a parameter is out of bounds", async () => {
    const connection = await network.create();
    const failed = deployConcordat({ hre, chain: connection, ...settings, votingPeriod: 366 * DAY }).then(
      () => "no error",
      (error: Error) => error.message,
    );
    expect(await failed).to.contain("InvalidVotingPeriod");
  });

  it("takes its parameters from a file that is checked", async () => {
    const parameters = await readDeploymentParameters("deploy/parameters/local.json");
    expect(parameters.founders).to.have.lengthOf(4);
    const refused = readDeploymentParameters("package.json").then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(await refused).to.be.instanceOf(InputError);
  });
});

describe("An address book", () => {
  const somewhere = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
  const valid = {
    format: "concordat/addresses/1",
    chainId: 1,
    network: "mainnet",
    deploymentBlock: 0,
    contracts: {
      NodeRegistry: somewhere,
      TaskRegistry: somewhere,
      StakeVault: somewhere,
      RewardLedger: somewhere,
      RoundCoordinator: somewhere,
    },
  } satisfies Record<keyof Omit<AddressBook, "tokens">, unknown>;

  it("is read with addresses in their checksummed form", () => {
    const { contracts } = parseAddressBook(JSON.parse(JSON.stringify(valid)));
    expect(contracts.NodeRegistry).to.equal("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
  });

  for (const [what, change] of [
    ["another format", { format: "concordat/addresses/2" }],
    ["no chain", { chainId: 0 }],
    ["a missing contract", { contracts: { NodeRegistry: somewhere } }],
    ["a bad address", { contracts: { ...valid.contracts, StakeVault: "0x12" } }],
    ["an entry that is not known", { owner: somewhere }],
  ] as const) {
    it(`is refused with ${what}`, () => {
      expect(() => parseAddressBook({ ...valid, ...change })).to.throw(
        InputError,
        "address book is malformed",
      );
    });
  }
});
