import type { Wallet } from "ethers";
import hre from "hardhat";
import type { Browser } from "playwright-core";
import { ADDRESS_BOOK_FORMAT } from "#protocol/contracts/addressBook";
import { deployFederation, type Federation } from "../contracts/federation.ts";
import { chromiumPath, launchBrowser } from "./browser.ts";
import { publishHostile, serveHostile, type BlockHost, type HostileTask } from "./hostile.ts";
import { serveSite, type Site } from "./site.ts";
import { visit, type VisitOptions, type Visitor } from "./visitor.ts";

export { connect, trustAll, type Visitor } from "./visitor.ts";

/**
 * A real chain with real contracts, the built dApp on a host of its own, and a browser to look at it with. Task 1 is there to
 * harm whoever looks at it: whatever else a test looks at stands beside it.
 */
export class DappFixture {
  readonly browser: Browser;
  readonly site: Site;
  readonly federation: Federation;
  readonly rpcUrl: string;
  readonly hostile: HostileTask;
  /** Serves the hostile task's manifest. */
  readonly hostileHost: BlockHost;
  readonly #closeChain: () => Promise<void>;

  private constructor(parts: {
    browser: Browser;
    site: Site;
    federation: Federation;
    rpcUrl: string;
    hostile: HostileTask;
    hostileHost: BlockHost;
    closeChain: () => Promise<void>;
  }) {
    this.browser = parts.browser;
    this.site = parts.site;
    this.federation = parts.federation;
    this.rpcUrl = parts.rpcUrl;
    this.hostile = parts.hostile;
    this.hostileHost = parts.hostileHost;
    this.#closeChain = parts.closeChain;
  }

  /** Undefined where this machine has no Chromium. */
  static async open(nodes = 4): Promise<DappFixture | undefined> {
    const executable = chromiumPath();
    if (executable === undefined) return undefined;
    const settings = { network: "node", override: { allowBlocksWithSameTimestamp: true } };
    const server = await hre.network.createServer(settings, "127.0.0.1", 0);
    const { address, port } = await server.listen();
    const rpcUrl = `http://${address}:${port}`;
    const connection = await hre.network.create({ network: "local", override: { url: rpcUrl } });
    const federation = await deployFederation(
      connection as unknown as Parameters<typeof deployFederation>[0],
      {
        nodes,
      },
    );
    const hostile = await publishHostile(federation, await federation.defaultTerms());
    const host = federation.node(nodes);
    const garbage = federation.nodes.at(-2);
    const hostileHost = await serveHostile(federation, hostile, host, garbage);
    const [browser, site] = await Promise.all([launchBrowser(executable), serveSite()]);
    const fixture = new DappFixture({
      browser,
      site,
      federation,
      rpcUrl,
      hostile,
      hostileHost,
      closeChain: async () => {
        await connection.close();
        await server.close();
      },
    });
    site.config = await fixture.config();
    return fixture;
  }

  async config(overrides: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const { nodeRegistry, taskRegistry, stakeVault, rewardLedger, coordinator, token } =
      this.federation.contracts;
    const addressBook = {
      format: ADDRESS_BOOK_FORMAT,
      chainId: 31_337,
      network: "test network",
      deploymentBlock: 1,
      contracts: {
        NodeRegistry: await nodeRegistry.getAddress(),
        TaskRegistry: await taskRegistry.getAddress(),
        StakeVault: await stakeVault.getAddress(),
        RewardLedger: await rewardLedger.getAddress(),
        RoundCoordinator: await coordinator.getAddress(),
      },
      tokens: { DevelopmentToken: await token.getAddress() },
    };
    const network = { rpcUrls: [this.rpcUrl], addressBook, pollMs: 150, ...overrides };
    return { format: "concordat/dapp/1", networks: [network] };
  }

  /** Somebody with an empty browser. */
  async visit(signer?: Wallet, options?: VisitOptions): Promise<Visitor> {
    return visit(this.browser, this.site, signer, options);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.site.close();
    await this.hostileHost.close();
    await this.#closeChain();
  }
}
