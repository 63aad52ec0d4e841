import { createServer } from "node:net";
import { once } from "node:events";
import { expect } from "chai";
import { Interface, Wallet, id } from "ethers";
import hre from "hardhat";
import { pino } from "pino";
import { deployConcordat } from "#deploy/deployConcordat";
import { connectChain } from "#chain/contracts/connectChain";
import { refusalOf } from "#chain/contracts/contractError";
import { EndpointError } from "#chain/endpoints/endpointError";
import { readLogs } from "#chain/heads/readLogs";
import { roundCoordinatorAbi } from "#protocol/contracts/abis";
import { parseAddressBook, type AddressBook } from "#protocol/contracts/addressBook";
import { InputError } from "#protocol/errors";

const COORDINATOR = new Interface(roundCoordinatorAbi);
const address = (name: string): string => new Wallet(id(name)).address;
const book = (chainId: number) =>
  parseAddressBook({
    format: "concordat/addresses/1",
    chainId,
    network: "test",
    deploymentBlock: 0,
    contracts: {
      NodeRegistry: address("n"),
      TaskRegistry: address("t"),
      StakeVault: address("s"),
      RewardLedger: address("r"),
      RoundCoordinator: address("c"),
    },
  });

describe("Connecting to a chain", function () {
  this.timeout(20_000);
  const refusal = async (rpcUrl: string, addressBook: AddressBook): Promise<InputError> => {
    const options = {
      confirmations: 0,
      pollMs: 50,
      signer: new Wallet(id("signer")),
      logger: pino({ level: "silent" }),
    };
    try {
      await (await connectChain({ ...options, rpcUrl, addressBook })).close();
    } catch (error) {
      if (error instanceof InputError) return error;
      throw error;
    }
    throw new Error("it connected");
  };

  it("names an endpoint that nobody serves", async () => {
    const reserved = createServer().listen(0, "127.0.0.1");
    await once(reserved, "listening");
    const { port } = reserved.address() as { port: number };
    reserved.close();
    await once(reserved, "close");
    expect((await refusal(`http://127.0.0.1:${port}`, book(1))).message).to.contain(
      `http://127.0.0.1:${port}`,
    );
    expect((await refusal("ftp://127.0.0.1", book(1))).message).to.contain("ftp://127.0.0.1");
  });

  it("waits for an endpoint that is not there yet where its caller runs unwatched, and says so once", async () => {
    const lines: string[] = [];
    const logger = pino({ base: null }, { write: (line: string) => lines.push(line) });
    const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const stop = new AbortController();
    let tries = 0;
    // Each connection is broken off; after some tries the operator gives up.
    server.on("connection", () => ++tries >= 6 && stop.abort(new Error("stopped")));
    const connecting = connectChain({
      rpcUrl: `http://127.0.0.1:${port}`,
      addressBook: book(1),
      confirmations: 0,
      pollMs: 50,
      signer: new Wallet(id("signer")),
      logger,
      waitUntil: stop.signal,
    });
    const error = await connecting.catch((failure: unknown) => failure);
    server.close();
    expect(error).to.not.be.instanceOf(InputError);
    expect(lines.filter((line) => line.includes("waiting for one"))).to.have.length(1);
  });

  it("names the wrong chain, and the address without a contract", async () => {
    const server = await hre.network.createServer("node", "127.0.0.1", 0);
    const { address: host, port } = await server.listen();
    try {
      const url = `http://${host}:${port}`;
      expect((await refusal(url, book(5))).message)
        .to.contain("serves chain 31337")
        .and.to.contain("chain 5");
      expect((await refusal(url, book(31_337))).message).to.match(
        /no contract at 0x.*where the address book lists \w+/,
      );
    } finally {
      await server.close();
    }
  });

  it("names a contract of another kind, whichever two the address book mixes up", async () => {
    const server = await hre.network.createServer("node", "127.0.0.1", 0);
    const { address: host, port } = await server.listen();
    try {
      const chain = `http://${host}:${port}`;
      const founder = { operator: address("o"), signer: address("s") };
      const periods = { votingPeriod: 60, unbondingPeriod: 60 };
      const deployed = await deployConcordat({
        hre,
        chain,
        founders: [founder],
        ...periods,
        developmentToken: false,
      });
      const names = Object.keys(deployed.contracts) as (keyof AddressBook["contracts"])[];
      for (const wrong of names) {
        for (const other of names.filter((name) => name !== wrong)) {
          const contracts = { ...deployed.contracts, [wrong]: deployed.contracts[other] };
          const { message } = await refusal(chain, { ...deployed, contracts });
          expect(message).to.contain(`${deployed.contracts[other]} is not the ${wrong} `);
        }
      }
    } finally {
      await server.close();
    }
  });
});

describe("A contract's refusal", () => {
  it("is told in plain words with its arguments", () => {
    const data = new Interface(roundCoordinatorAbi).encodeErrorResult("TooFewAttestations", [2, 3]);
    const error = refusalOf([{ data: COORDINATOR.encodeFunctionData("advance", [1]) }], data).named(
      "submitAggregate",
    );
    expect(error.message).to.equal(
      "submitAggregate was refused by the contract: too few attestations (given 2, threshold 3)",
    );
    expect(error.facts).to.include({ error: "TooFewAttestations", given: "2", threshold: "3" });
  });

  it("names the call by its selector", () => {
    const data = new Interface(roundCoordinatorAbi).encodeErrorResult("BitmapsOverlap", []);
    const call = { to: address("c"), data: COORDINATOR.encodeFunctionData("advance", [1]) };
    expect(refusalOf([call], data).message).to.equal("advance was refused by the contract: bitmaps overlap");
  });
});

describe("Reading logs", () => {
  for (const [fault, most] of [
    ["unreachable", 1],
    ["behind", 1],
    ["unavailable", 5],
  ] as const) {
    it(`ends after ${most} tries where each one is answered by "${fault}"`, async () => {
      let tries = 0;
      const getLogs = async (): Promise<never> => {
        tries++;
        throw new EndpointError("a", fault, "", "eth_getLogs");
      };
      const query = { address: "0x", topics: [], fromBlock: 1, toBlock: 100_000 };
      const error = await readLogs({ getLogs }, query).catch((failure: unknown) => failure);
      expect(error).to.be.instanceOf(EndpointError).with.property("fault", fault);
      expect(tries).to.be.at.most(most);
    });
  }

  it("covers every block once, in ranges that a strict endpoint grants", async () => {
    const asked: [number, number][] = [];
    const strict = {
      getLogs: async ({ fromBlock, toBlock }: { fromBlock: number; toBlock: number }) => {
        if (toBlock - fromBlock >= 1000)
          throw new EndpointError("strict", "tooLarge", "query exceeds max block range 1000");
        asked.push([fromBlock, toBlock]);
        return [];
      },
    };
    await readLogs(strict as never, { address: address("c"), topics: [], fromBlock: 3, toBlock: 4_200 });
    expect(asked[0]?.[0]).to.equal(3);
    expect(asked.at(-1)?.[1]).to.equal(4_200);
    for (const [i, [from]] of asked.entries()) if (i > 0) expect(from).to.equal((asked[i - 1]?.[1] ?? 0) + 1);
  });
});
