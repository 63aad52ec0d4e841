import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { id, type Wallet } from "ethers";
import type { BrowserContext } from "playwright-core";
import { sendThrough } from "./testWallet.ts";

/** What of a proposal a Safe tells. */
type ProposalStatus = "AWAITING_CONFIRMATIONS" | "SUCCESS" | "CANCELLED";

interface Call {
  readonly to: string;
  readonly value: string;
  readonly data: string;
}

export interface Proposal {
  readonly safeTxHash: string;
  readonly calls: readonly Call[];
  status: ProposalStatus;
  txHash: string | null;
}

/** A message of the Safe Apps SDK, as its parent page gets it. */
interface Message {
  readonly id: string;
  readonly method: string;
  readonly params: unknown;
  readonly env: { readonly sdkVersion: string };
}

/** A page that frames the dApp and answers it as Safe{Wallet} does. */
export interface SafeHost {
  readonly url: string;
  readonly origin: string;
  /** Everything that its page was told, in order. */
  readonly told: Message[];
  readonly proposals: Proposal[];
  /** Chain on which it says its Safe is. */
  chainId: number;
  /** Whether its reader declines what is to be proposed. */
  declines: boolean;
  /** The other owners have confirmed: executes the latest proposal. */
  execute(): Promise<void>;
  /** Something else was executed at the nonce of the latest proposal. */
  replace(): void;
  close(): Promise<void>;
}

export interface SafeHostOptions {
  /** What it frames. */
  readonly framed: string;
  /** Address of the SmartAccount that is the Safe, and who owns it. */
  readonly safe: string;
  readonly owner: Wallet;
  /** Whether a page of a third origin stands beside it, learns of each question, and answers it first, as another Safe. */
  readonly forged?: boolean;
  /** Whether it is of another site too, so that a browser that blocks third parties' storage keeps nothing for the dApp. */
  readonly elsewhere?: boolean;
}

const SDK_VERSION = "9.1.0";

/**
 * Serves a page like Safe{Wallet}'s, of another origin than the dApp's. What the dApp asks is answered here, for visitors of this
 * context.
 */
export async function serveSafeHost(
  context: BrowserContext,
  { framed, safe, owner, forged = false, elsewhere = false }: SafeHostOptions,
): Promise<SafeHost> {
  const provider = owner.provider as unknown as {
    send(method: string, params: readonly unknown[]): Promise<unknown>;
  };
  const server = createServer((request, response) => {
    const page = request.url === "/" ? hostPage(framed, forged) : FORGER;
    response.writeHead(200, { "content-type": "text/html" }).end(page);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const origin = `http://${elsewhere ? "localhost" : "127.0.0.1"}:${port}`;
  const proposals: Proposal[] = [];
  const latest = (): Proposal => {
    const proposal = proposals.at(-1);
    if (proposal === undefined) throw new Error("Nothing was proposed");
    return proposal;
  };
  const host: SafeHost = {
    url: `${origin}/`,
    origin,
    told: [],
    proposals,
    chainId: 31_337,
    declines: false,
    execute: async () => {
      const proposal = latest();
      const [call] = proposal.calls;
      if (call === undefined || proposal.calls.length > 1) throw new Error("Only single calls are executed");
      const { hash } = await sendThrough(safe, owner, call);
      Object.assign(proposal, { status: "SUCCESS", txHash: hash });
    },
    replace: () => {
      latest().status = "CANCELLED";
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };

  const answer = async ({ method, params }: Message): Promise<unknown> => {
    switch (method) {
      case "getSafeInfo":
        return {
          safeAddress: safe,
          chainId: host.chainId,
          threshold: 2,
          owners: [owner.address, id("another owner").slice(0, 42)],
          isReadOnly: false,
          nonce: proposals.length,
          implementation: safe,
          modules: null,
          fallbackHandler: null,
          guard: null,
          version: "1.4.1",
        };
      case "getEnvironmentInfo":
        return { origin };
      case "sendTransactions": {
        if (host.declines) throw new Error("Transaction was rejected");
        const { txs } = params as { txs: readonly Call[] };
        const safeTxHash = id(JSON.stringify([proposals.length, txs]));
        proposals.push({ safeTxHash, calls: txs, status: "AWAITING_CONFIRMATIONS", txHash: null });
        return { safeTxHash };
      }
      case "getTxBySafeTxHash": {
        const { safeTxHash } = params as { safeTxHash: string };
        const proposal = proposals.find((each) => each.safeTxHash === safeTxHash);
        if (proposal === undefined) throw new Error("Not found");
        const { status, txHash } = proposal;
        return { safeAddress: safe, txId: `multisig_${safe}_${safeTxHash}`, txStatus: status, txHash };
      }
      case "rpcCall": {
        const { call, params: args } = params as { call: string; params: readonly unknown[] };
        return provider.send(call, args);
      }
      default:
        throw new Error(`${method} is refused`);
    }
  };

  await context.exposeFunction(`safeHost${port}`, async (message: Message) => {
    host.told.push(message);
    const common = { id: message.id, version: SDK_VERSION };
    try {
      return { ...common, success: true, data: await answer(message) };
    } catch (error) {
      return { ...common, success: false, error: (error as Error).message };
    }
  });
  return host;
}

/** Frames the dApp with the sandbox of Safe{Wallet}'s page. */
function hostPage(framed: string, forged: boolean): string {
  return `<!doctype html>
<title>A Safe’s page</title>
<style>iframe { width: 100%; height: 850px; border: 0 }</style>
<iframe
  title="dApp"
  sandbox="allow-same-origin allow-scripts allow-popups allow-popups-to-escape-sandbox allow-forms allow-downloads allow-orientation-lock"
></iframe>
<iframe title="forger"></iframe>
<script>
  const [app, forger] = document.querySelectorAll("iframe");
  const forged = ${forged};
  const isForged = () =>
    new Promise((resolve) => {
      addEventListener("message", function listener({ source }) {
        if (source !== forger.contentWindow) return;
        removeEventListener("message", listener);
        resolve();
      });
    });
  addEventListener("message", async ({ source, data }) => {
    if (source !== app.contentWindow) return;
    if (forged) {
      const answered = isForged();
      forger.contentWindow.postMessage(data, "*");
      await answered;
    }
    app.contentWindow.postMessage(await globalThis["safeHost" + location.port](data), "*");
  });
  const open = () => { app.src = "${framed}"; };
  if (!forged) open();
  else {
    forger.addEventListener("load", open, { once: true });
    forger.src = "http://localhost:" + location.port + "/forger";
  }
</script>`;
}

/** Whose Safe a forged answer names. */
export const FORGED_SAFE = "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE";

const FORGER = `<!doctype html>
<title>A page that answers for others</title>
<script>
  addEventListener("message", ({ source, data: { id } }) => {
    const data = { safeAddress: "${FORGED_SAFE}", chainId: 31337, threshold: 1, owners: [], isReadOnly: false };
    source.frames[0].postMessage({ id, success: true, version: "${SDK_VERSION}", data }, "*");
    source.postMessage("answered", "*");
  });
</script>`;
