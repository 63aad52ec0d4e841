import { expect } from "chai";
import { ADDRESS_BOOK_FORMAT, parseAddressBook } from "#protocol/contracts/addressBook";
import { InputError } from "#protocol/errors";
import { parseConfig } from "#frontend/config/dappConfig.ts";
import { parseBook } from "#frontend/config/parseBook.ts";

const account = (digit: number): string => `0x${String(digit).repeat(40)}`;
const BOOK = {
  format: ADDRESS_BOOK_FORMAT,
  chainId: 31_337,
  network: "a test network",
  deploymentBlock: 7,
  contracts: {
    NodeRegistry: account(1),
    TaskRegistry: account(2),
    StakeVault: account(3),
    RewardLedger: account(4),
    RoundCoordinator: account(5),
  },
  tokens: { DevelopmentToken: account(6) },
};
const NETWORK = { rpcUrls: ["https://rpc.example/"], addressBook: BOOK };
const CONFIG = { format: "concordat/dapp/1", networks: [NETWORK] };
const noFile = (name: string): Promise<unknown> => Promise.reject(new Error(`read ${name}`));

describe("the page's configuration", () => {
  it("needs no more than an endpoint and an address book", async () => {
    expect(await parseConfig(CONFIG, noFile)).to.deep.include({
      kuboRpcUrl: undefined,
      gateways: [],
      registryGateways: true,
      safeOrigins: ["https://app.safe.global"],
      walletConnect: undefined,
    });
    const { networks } = await parseConfig(CONFIG, noFile);
    expect(networks[0]).to.deep.include({
      name: "a test network",
      chainId: 31_337,
      rpcUrls: ["https://rpc.example"],
      webSocketUrl: undefined,
      pollMs: 2000,
      currency: "ETH",
    });
  });

  it("reaches wallets on other devices by WalletConnect’s own relay, or by the one that it names", async () => {
    const relay = async (relayUrl?: string): Promise<string | undefined> => {
      const walletConnect = { projectId: "p", ...(relayUrl !== undefined && { relayUrl }) };
      return (await parseConfig({ ...CONFIG, walletConnect }, noFile)).walletConnect?.relayUrl;
    };
    expect(await relay()).to.equal("wss://relay.walletconnect.org");
    expect(await relay("ws://127.0.0.1:7/")).to.equal("ws://127.0.0.1:7");
  });

  it("may name an address book by its file", async () => {
    const asked: string[] = [];
    const readFile = (name: string): Promise<unknown> => {
      asked.push(name);
      return Promise.resolve(BOOK);
    };
    const config = { ...CONFIG, networks: [{ ...NETWORK, addressBook: "addresses.json" }] };
    expect((await parseConfig(config, readFile)).networks[0].addressBook).to.deep.equal(parseBook(BOOK));
    expect(asked).to.deep.equal(["addresses.json"]);
  });

  it("may name an explorer, by https or on the reader’s own machine", async () => {
    for (const [given, taken] of [
      ["https://explorer.example/", "https://explorer.example"],
      ["https://explorer.example/sepolia/", "https://explorer.example/sepolia"],
      ["http://localhost:5100", "http://localhost:5100"],
    ] as const) {
      const { networks } = await parseConfig(network({ explorerUrl: given }), noFile);
      expect(networks[0].explorerUrl).to.equal(taken);
    }
    expect((await parseConfig(CONFIG, noFile)).networks[0].explorerUrl).to.equal(undefined);
  });

  const network = (change: object): unknown => ({ ...CONFIG, networks: [{ ...NETWORK, ...change }] });
  const second = { ...CONFIG, networks: [NETWORK, { ...NETWORK, rpcUrls: [] }] };
  for (const [config, message] of [
    [null, "config.json must be an object"],
    [[], "config.json must be an object"],
    [{ ...CONFIG, format: "concordat/dapp/2" }, 'format must be "concordat/dapp/1"'],
    [{ ...CONFIG, networks: {} }, "networks must be a list"],
    [{ ...CONFIG, networks: [] }, "networks must have at least one network"],
    [{ ...CONFIG, networks: [3] }, "networks.0 must be an object"],
    [network({ rpcUrls: "https://rpc.example" }), "networks.0.rpcUrls must be a list of addresses"],
    [network({ rpcUrls: [] }), "networks.0.rpcUrls must have at least one address"],
    [second, "networks.1.rpcUrls must have at least one address"],
    [network({ rpcUrls: ["rpc.example"] }), "networks.0.rpcUrls.0 must be an address that begins with http"],
    [network({ rpcUrls: ["javascript:alert(1)"] }), "networks.0.rpcUrls.0 must be an address"],
    [
      network({ webSocketUrl: "https://rpc.example" }),
      "networks.0.webSocketUrl must be an address that begins with ws",
    ],
    [network({ pollMs: 5 }), "networks.0.pollMs must be 100 or more"],
    [network({ pollMs: Number.NaN }), "networks.0.pollMs must be 100 or more"],
    [network({ pollMs: "2000" }), "networks.0.pollMs must be 100 or more"],
    [network({ explorerUrl: "data:text/html,x" }), "networks.0.explorerUrl must be an address"],
    [network({ explorerUrl: "javascript:alert(1)//" }), "networks.0.explorerUrl must be an address"],
    [
      network({ explorerUrl: "http://explorer.example" }),
      "networks.0.explorerUrl must be an address that begins with https://",
    ],
    [
      network({ explorerUrl: "http://127.0.0.1.example" }),
      "networks.0.explorerUrl must be an address that begins with https://",
    ],
    [
      network({ explorerUrl: "https://explorer.example/?chain=1" }),
      "networks.0.explorerUrl must be an address without ?",
    ],
    [network({ indexUrl: 4 }), "networks.0.indexUrl must be an address"],
    [network({ name: 4 }), "networks.0.name must be a text"],
    [network({ currency: [] }), "networks.0.currency must be a text"],
    [{ ...CONFIG, safeOrigins: "https://app.safe.global" }, "safeOrigins must be a list"],
    [{ ...CONFIG, safeOrigins: ["*"] }, "safeOrigins.0 must be an address that begins with http"],
    [{ ...CONFIG, safeOrigins: ["https://safe.example/app"] }, "safeOrigins.0 must be an origin"],
    [{ ...CONFIG, walletConnect: "p" }, "walletConnect must be an object"],
    [{ ...CONFIG, walletConnect: {} }, "walletConnect.projectId must be a text"],
    [{ ...CONFIG, walletConnect: { projectId: "" } }, "walletConnect.projectId must be a text"],
    [
      { ...CONFIG, walletConnect: { projectId: "p", relayUrl: "https://relay.example" } },
      "walletConnect.relayUrl must be an address that begins with ws",
    ],
    [{ ...CONFIG, kuboRpcUrl: "kubo" }, "kuboRpcUrl must be an address"],
    [{ ...CONFIG, gateways: "https://gateway.example" }, "gateways must be a list of addresses"],
    [{ ...CONFIG, gateways: ["https://a.example", ""] }, "gateways.1 must be an address"],
    [network({ addressBook: undefined }), "The address book is malformed: must be an object"],
  ] as const) {
    it(`is refused in one sentence: ${message}`, async () => {
      const error = await parseConfig(config, noFile).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(InputError);
      expect((error as InputError).message)
        .to.contain(message)
        .and.not.contain("\n");
      expect((error as InputError).hint).to.be.a("string");
    });
  }
});

describe("the page's reading of an address book", () => {
  it("takes what the command line's takes, and gives the same", () => {
    for (const book of [BOOK, { ...BOOK, tokens: undefined }, { ...BOOK, deploymentBlock: 0 }])
      expect(parseBook(book)).to.deep.equal(parseAddressBook(JSON.parse(JSON.stringify(book))));
  });

  for (const [change, at] of [
    [{ format: "concordat/addresses/2" }, "format"],
    [{ chainId: 0 }, "chainId"],
    [{ chainId: "1" }, "chainId"],
    [{ network: "" }, "network"],
    [{ deploymentBlock: -1 }, "deploymentBlock"],
    [{ deploymentBlock: 1.5 }, "deploymentBlock"],
    [{ contracts: undefined }, "contracts"],
    [{ contracts: { ...BOOK.contracts, StakeVault: "0x12" } }, "contracts.StakeVault"],
    [{ contracts: { ...BOOK.contracts, RewardLedger: undefined } }, "contracts.RewardLedger"],
    [{ tokens: { DevelopmentToken: 5 } }, "tokens.DevelopmentToken"],
  ] as const) {
    it(`refuses what the command line's refuses, and names it: ${at} of ${Object.values(change).map(String).join()}`, () => {
      const book: unknown = JSON.parse(JSON.stringify({ ...BOOK, ...change }));
      expect(() => parseBook(book)).to.throw(InputError, `at ${at}: `);
      expect(() => parseAddressBook(book)).to.throw();
    });
  }
});
