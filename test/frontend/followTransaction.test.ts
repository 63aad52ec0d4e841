import { expect } from "chai";
import { Wallet, id } from "ethers";
import hre from "hardhat";
import { createPublicClient, http } from "viem";
import type { Hex, PublicClient } from "viem";
import { followTransaction } from "#frontend/transactions/followTransaction.ts";
import type { Ending, TransactionContent } from "#frontend/transactions/followTransaction.ts";
import { fund } from "../contracts/federation.ts";
import type { Connection } from "../contracts/federation.ts";

describe("following a transaction", () => {
  let connection: Connection;
  let closeChain: () => Promise<void>;
  let client: PublicClient;
  let sender: Wallet;
  /** Visits that go on looking: without an endpoint they would do so for ever. */
  const earlier: Promise<Ending>[] = [];

  before(async () => {
    const server = await hre.network.createServer("node", "127.0.0.1", 0);
    const { address, port } = await server.listen();
    const url = `http://${address}:${port}`;
    connection = (await hre.network.create({
      network: "local",
      override: { url },
    })) as unknown as Connection;
    closeChain = async () => {
      await connection.close();
      await server.close();
    };
    client = createPublicClient({ transport: http(url), pollingInterval: 20 });
    sender = new Wallet(id("a sender"), connection.ethers.provider);
    await fund(connection, sender.address);
    await rpc("evm_setAutomine", false);
  });

  after(async () => {
    await Promise.all(earlier);
    await closeChain();
  });

  it("ends as lost once the endpoint has not known it for long", async () => {
    const { hash } = await send();
    await rpc("hardhat_dropTransaction", hash);
    const ending = followTransaction({
      client,
      hash: hash as Hex,
      known: undefined,
      onSeen: () => {},
      lostAfterMs: 50,
    });
    expect(await ending).to.deep.equal({ kind: "lost" });
  });

  it("finds what replaced it many blocks ago, as far as an earlier visit has seen it", async () => {
    const { hash, nonce } = await send();
    const content = await seen(hash);
    const other = await send({ nonce, value: 7n });
    for (let block = 0; block < 20; block++) await rpc("evm_mine");
    expect(await follow(hash, content)).to.deep.equal({ kind: "replaced", hash: other.hash });
  });

  it("tells the same at another fee as such, with its receipt", async () => {
    const { hash, nonce } = await send();
    const content = await seen(hash);
    const other = await send({ nonce });
    await rpc("evm_mine");
    const ending = await follow(hash, content);
    expect(ending.kind).to.equal("repriced");
    expect(ending).to.have.nested.property("receipt.transactionHash", other.hash);
  });

  /** What a visit sees of a pending transaction. It goes on looking until that has ended. */
  function seen(hash: string): Promise<TransactionContent> {
    return new Promise((resolve) => {
      earlier.push(followTransaction({ client, hash: hash as Hex, known: undefined, onSeen: resolve }));
    });
  }

  /** Follows it in a later visit, which knows what the earlier one saw. */
  function follow(hash: string, known: TransactionContent): Promise<Ending> {
    return followTransaction({ client, hash: hash as Hex, known, onSeen: () => {} });
  }

  /** Sends one wei to the sender itself; with a nonce, in the place of the one that has it. */
  async function send({ nonce, value = 1n }: { nonce?: number; value?: bigint } = {}) {
    const gwei = 1_000_000_000n * (nonce === undefined ? 10n : 100n);
    return sender.sendTransaction({
      to: sender.address,
      value,
      gasLimit: 21_000,
      maxFeePerGas: gwei,
      maxPriorityFeePerGas: gwei,
      ...(nonce !== undefined && { nonce }),
    });
  }

  async function rpc(method: string, ...params: unknown[]): Promise<void> {
    await connection.ethers.provider.send(method, params);
  }
});
