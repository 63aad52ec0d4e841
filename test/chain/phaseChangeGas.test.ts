import { expect } from "chai";
import { network } from "hardhat";
import { ChainProvider } from "#chain/endpoints/chainProvider";
import { EndpointPool } from "#chain/endpoints/endpointPool";
import { estimateGas } from "#chain/sending/estimateGas";
import { lastApproval, lastSubmission, phaseChangeGas } from "#chain/sending/phaseChangeGas";
import { deployFederation, fund, testNode, type Connection } from "../contracts/federation.ts";

/** A provider over Hardhat's own connection. */
function providerOf({ provider }: Connection): ChainProvider {
  const ask = async (method: string, params: readonly unknown[]) =>
    ({ kind: "result", result: await provider.request({ method, params: [...params] }) }) as const;
  return new ChainProvider(
    new EndpointPool([{ name: "hardhat", ask, close: () => {} }], { patienceMs: 1000 }),
    31_337,
  );
}

describe("The gas of a submission that comes to move the phase", function () {
  this.timeout(60_000);

  it("is found before anybody else has posted, for updates and for reports with members who wait to join", async () => {
    const connection = await network.create();
    const federation = await deployFederation(connection, { nodes: 7 });
    const nodes = federation.nodes.slice(0, 4);
    await federation.startTask({ minNodes: 4, maxNodes: 7 }, nodes);
    const provider = providerOf(connection);
    const { coordinator: contract } = federation.contracts;
    const coordinator = await contract.getAddress();
    const taskId = Number(federation.taskId);

    /** Simulates the first of the submissions as the last, submits all, and compares. */
    const check = async (
      method: "submitUpdates" | "submitReports",
      encode: (node: (typeof nodes)[number]) => Promise<string>,
    ): Promise<void> => {
      const calls = await Promise.all(nodes.map(encode));
      const [first = "", second = "", third = "", last = ""] = calls;
      const from = (await connection.ethers.getSigners())[0];
      const send = async (data: string) =>
        (await (await from?.sendTransaction({ to: coordinator, data }))?.wait())?.gasUsed ?? 0n;
      // The first ones of a phase seal the seed and write what the next ones find written.
      await send(first);
      await send(second);
      const block = await connection.ethers.provider.getBlockNumber();
      const call = { account: from?.address ?? "", contract: coordinator, data: third };
      const extra = await phaseChangeGas(provider.simulator, call, lastSubmission(taskId, 2), block);
      const estimate = await estimateGas(
        provider,
        { from: from?.address ?? "", to: coordinator, data: third },
        block,
      );
      const usual = await send(third);
      const moving = await send(last);
      expect(moving, `${method}: moving costs more`).to.be.greaterThan(usual);
      const found = Number(extra ?? 0n);
      const real = Number(moving - usual);
      expect(found, `${method}: ${found} simulated, ${real} real`).to.be.within(
        real * 0.85 - 3000,
        real * 1.25 + 3000,
      );
      expect(
        estimate + (extra ?? 0n) + (estimate + (extra ?? 0n)) / 4n > moving,
        "the limit is enough",
      ).to.equal(true);
    };
    const { interface: codec } = contract;
    await check("submitUpdates", async (node) =>
      codec.encodeFunctionData("submitUpdates", [taskId, 1, 0, [await federation.update(node)]]),
    );
    await federation.awaitSeed();
    await federation.aggregate();
    await federation.join(...federation.nodes.slice(4));
    const { aggregate } = await federation.round();
    await check("submitReports", async (node) =>
      codec.encodeFunctionData("submitReports", [
        taskId,
        1,
        0,
        aggregate,
        [await federation.report(node, federation.rising())],
      ]),
    );
    expect(Number((await federation.round()).activeCount), "the joins were part of the move").to.equal(7);
    provider.destroy();
    await connection.close();
  });

  it("is found for a vote that comes to be the one that admits a node, long addresses and all", async () => {
    const connection = await network.create();
    const federation = await deployFederation(connection, { nodes: 4 });
    const provider = providerOf(connection);
    const { nodeRegistry } = federation.contracts;
    const contract = await nodeRegistry.getAddress();
    const applicant = testNode(connection, 9);
    await fund(connection, applicant.operator.address);
    const applied = nodeRegistry.connect(applicant.operator);
    await applied.applyForAdmission(
      applicant.signer.address,
      `0x${"ab".repeat(32)}`,
      "/dns4/a.example/tcp/443/https ".repeat(6).trim(),
    );
    const data = nodeRegistry.interface.encodeFunctionData("vote", [1, true]);
    const vote = async (node: (typeof federation.nodes)[number]): Promise<bigint> =>
      (await (await node.operator.sendTransaction({ to: contract, data }))?.wait())?.gasUsed ?? 0n;
    const [one, two, three] = federation.nodes;
    if (one === undefined || two === undefined || three === undefined)
      throw new Error("there are four nodes");
    const usual = await vote(one);
    const block = await connection.ethers.provider.getBlockNumber();
    const call = { account: three.operator.address, contract, data };
    const extra = Number(await phaseChangeGas(provider.simulator, call, lastApproval(1), block));
    await vote(two);
    const deciding = await vote(three);
    const real = Number(deciding - usual);
    expect(real, "deciding costs more than any share").to.be.greaterThan(100_000);
    expect(extra, `${extra} simulated, ${real} real`).to.be.within(real * 0.85, real * 1.3);
    provider.destroy();
    await connection.close();
  });

  it("is undefined where the endpoint cannot simulate", async () => {
    const ask = async () =>
      ({
        kind: "refused",
        refused: { method: "eth_call", code: -32_602, message: "too many arguments" },
      }) as const;
    const provider = new ChainProvider(
      new EndpointPool([{ name: "plain", ask, close: () => {} }], { patienceMs: 100 }),
      1,
    );
    const call = { account: `0x${"22".repeat(20)}`, contract: `0x${"11".repeat(20)}`, data: "0x" };
    expect(await phaseChangeGas(provider.simulator, call, lastSubmission(1, 0), 1)).to.equal(undefined);
    provider.destroy();
  });
});
