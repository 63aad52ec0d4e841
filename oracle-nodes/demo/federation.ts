import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Contract, JsonRpcProvider, NonceManager, Wallet, parseEther } from "ethers";
import type { ContractTransactionResponse } from "ethers";
import { deployConcordat } from "@concordat/deploy/deployConcordat";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { ConcordatError } from "@concordat/protocol/errors";
import type { Address } from "@concordat/protocol/ids";
import type { ClassesSpec } from "@concordat/learning/partition/scheme";
import { openProvider } from "@concordat/chain/endpoints/chainProvider";
import type { ChainProvider } from "@concordat/chain/endpoints/chainProvider";
import { initialiseNode } from "@concordat/node/setup/initialiseNode";
import { toJson } from "@concordat/console/output";
import type { DemoOptions } from "./demoOptions.ts";
import { STAKE } from "./demoTerms.ts";
import { BLOCK_MS } from "./embeddedChain.ts";
import type { EmbeddedChain } from "./embeddedChain.ts";

const GAS_MONEY = parseEther("100");
const DAY = 86_400;
/** Milliseconds between two looks at the newest block, for each node: all look at one endpoint, which is in this process. */
const PACE_MS = 15;
/** Cheap keystores: these keys live for minutes and are worth nothing. */
const SCRYPT = { N: 1024, r: 8, p: 1 };
/** The password of all keystores of a demonstration. */
export const PASSWORD = "demonstration";

const TOKEN = [
  "function mint(address to, uint256 amount)",
  "function approve(address spender, uint256 amount) returns (bool)",
];

/** A node of the demonstration, before it runs. */
export interface DemoNode {
  /** From 1, as in the registry. */
  readonly id: number;
  readonly wallet: Wallet;
  readonly dir: string;
  readonly config: string;
}

/** The contracts and the accounts of the demonstration. */
export interface Federation {
  readonly book: AddressBook;
  readonly bookFile: string;
  readonly token: Address;
  readonly publisher: Wallet;
  readonly nodes: readonly DemoNode[];
  readonly rpcUrl: string;
  readonly provider: ChainProvider;
}

/**
 * Deploys the contracts with one founding node for each account, gives everyone gas money and tokens.
 * @param providers Endpoint strings of further stores that the nodes fetch from.
 */
export async function foundFederation(
  chain: EmbeddedChain,
  dir: string,
  options: Pick<DemoOptions, "nodes" | "data">,
  shares: ClassesSpec,
  providers: readonly string[],
): Promise<Federation> {
  const wallets = Array.from({ length: options.nodes }, newWallet);
  const publisher = newWallet();
  const book = await deployConcordat({
    hre: chain.hre,
    chain: chain.rpcUrl,
    networkName: "demonstration",
    founders: wallets.map(({ address }) => ({ operator: address, signer: address })),
    votingPeriod: DAY,
    unbondingPeriod: 60 * DAY,
    developmentToken: true,
  });
  const token = book.tokens?.DevelopmentToken;
  if (token === undefined) throw new ConcordatError("The deployment included no development token");
  const bookFile = join(dir, "addresses.json");
  await writeFile(bookFile, `${toJson(book, 2)}\n`);
  await fund(chain.rpcUrl, book, [...wallets, publisher]);
  const pace = PACE_MS * options.nodes;
  const nodes: DemoNode[] = [];
  for (const [index, wallet] of wallets.entries()) {
    const made = await initialiseNode({
      dir: join(dir, `node-${index + 1}`),
      password: PASSWORD,
      signer: wallet,
      operator: wallet,
      scrypt: SCRYPT,
      values: {
        rpcUrl: chain.rpcUrl,
        addressBook: bookFile,
        dataset: {
          ...shares,
          ...(options.data !== undefined && { dir: options.data }),
          index,
        },
        confirmations: 1,
        pollMs: Math.max(100, pace),
        idlePollMs: Math.max(BLOCK_MS, pace),
        listen: { host: "127.0.0.1", port: 0 },
        gateway: { host: "127.0.0.1", port: 0 },
        announce: [],
        providers,
      },
    });
    nodes.push({ id: index + 1, wallet, dir: made.dir, config: made.config });
  }
  const provider = openProvider(chain.rpcUrl, book.chainId);
  return { book, bookFile, token, publisher, nodes, rpcUrl: chain.rpcUrl, provider };
}

/** From the chain's richest account: gas money for all, stake for nodes, plenty of tokens for the publisher's escrow. */
async function fund(rpcUrl: string, book: AddressBook, accounts: readonly Wallet[]): Promise<void> {
  // Its account is the chain's own, and nobody else asks the chain anything yet: ethers' plain provider will do.
  const provider = new JsonRpcProvider(rpcUrl, book.chainId, {
    staticNetwork: true,
    cacheTimeout: -1,
    pollingInterval: BLOCK_MS,
  });
  try {
    const rich = new NonceManager(await provider.getSigner(0));
    const minter = new Contract(book.tokens?.DevelopmentToken ?? "", TOKEN, rich);
    const sent: { wait(): Promise<unknown> }[] = [];
    for (const { address } of accounts) {
      sent.push(await rich.sendTransaction({ to: address, value: GAS_MONEY }));
      const minted: unknown = await minter.getFunction("mint")(address, STAKE * 1_000_000n);
      sent.push(minted as ContractTransactionResponse);
    }
    // One after another: a hundred receipts asked for at once overrun the endpoint.
    for (const transaction of sent) await transaction.wait();
  } finally {
    provider.destroy();
  }
}

function newWallet(): Wallet {
  return new Wallet(Wallet.createRandom().privateKey);
}
