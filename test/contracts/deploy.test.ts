import { expect } from "chai";
import { artifacts, network } from "hardhat";
import { deployConcordat } from "../../deploy/deployConcordat.ts";
import type { Founder } from "../../deploy/deployConcordat.ts";

const CODE_LIMIT = 24_576;
const DAY = 86_400;

describe("Deployment", () => {
  const settings = { votingPeriod: DAY, unbondingPeriod: 30 * DAY, developmentToken: true };

  async function foundersOf(count: number): Promise<Founder[]> {
    const { ethers } = await network.create();
    return Array.from({ length: count }, () => ({
      operator: ethers.Wallet.createRandom().address,
      signer: ethers.Wallet.createRandom().address,
    }));
  }

  it("wires the five contracts and says where they are", async () => {
    const connection = await network.create();
    const founders = [{ ...(await foundersOf(1))[0]!, encryptionKey: "0x01", endpoints: "http://127.0.0.1:1" }];
    const book = await deployConcordat({ hre: { artifacts, network }, chain: connection, founders, ...settings });

    expect(book).to.include({ format: "concordat/addresses/1", chainId: 31337, deploymentBlock: 1 });
    const { NodeRegistry, TaskRegistry, StakeVault, RewardLedger, RoundCoordinator } = book.contracts;
    const { ethers } = connection;
    const registry = await ethers.getContractAt("NodeRegistry", NodeRegistry);
    const founder = await registry.getFunction("node")(1);
    expect(founder.operator).to.equal(founders[0]!.operator);
    expect(founder.endpoints).to.equal("http://127.0.0.1:1");
    const vault = await ethers.getContractAt("StakeVault", StakeVault);
    expect(await vault.getFunction("unbondingPeriod")()).to.equal(BigInt(30 * DAY));
    for (const [name, at] of Object.entries({ StakeVault, RewardLedger, RoundCoordinator })) {
      const contract = await ethers.getContractAt(name, at);
      expect(await contract.getFunction("nodeRegistry")()).to.equal(NodeRegistry);
      expect(await contract.getFunction("taskRegistry")()).to.equal(TaskRegistry);
    }
  });
});
