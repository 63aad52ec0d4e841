import { Contract, TypedDataEncoder, getBytes, type Wallet } from "ethers";
import type { BrowserContext } from "playwright-core";

/** What a test's wallet does when the page asks it to sign or send. */
export interface TestWallet {
  /** Declines everything while true, as a user would. */
  declines: boolean;
  /** Awaited before anything is sent, as an owner takes time to read. */
  beforeSending: () => Promise<void>;
  /** Whether its endpoint breaks off after it has sent, so that the page gets an error for what is on its way. */
  losesAnswers: boolean;
  /** Chain that the wallet says it is on; switching changes it. */
  chainId: number;
  /** Methods that were asked for, in order. */
  readonly asked: string[];
  /** Hashes of the transactions that it sent, in order. */
  readonly sent: string[];
}

export interface WalletKind {
  /** Address of a SmartAccount that is the wallet's account; the signer owns it, and carries its calls. */
  readonly contractAccount?: string;
  /** Whether it announces itself only some time after the page asked, as an extension that wakes up. */
  readonly late?: boolean;
}

interface Request {
  readonly method: string;
  readonly params?: readonly unknown[];
}

interface TypedData {
  readonly domain: Record<string, unknown>;
  readonly types: Record<string, { name: string; type: string }[]>;
  readonly message: Record<string, unknown>;
}

/**
 * Puts an EIP-6963 wallet into every page of a context. Its key stays outside of the browser: the page's requests are
 * answered here, as an extension would answer them, and everything it does not know goes to the chain.
 */
export async function injectWallet(
  context: BrowserContext,
  signer: Wallet,
  chainId: number,
  { contractAccount, late = false }: WalletKind = {},
): Promise<TestWallet> {
  const state: TestWallet = {
    declines: false,
    beforeSending: async () => {},
    losesAnswers: false,
    chainId,
    asked: [],
    sent: [],
  };
  const account = contractAccount ?? signer.address;
  const provider = signer.provider as unknown as {
    send(method: string, params: unknown[]): Promise<unknown>;
  };

  let connected = false;

  const answer = async ({ method, params = [] }: Request): Promise<unknown> => {
    state.asked.push(method);
    switch (method) {
      case "eth_requestAccounts":
        if (state.declines) throw rejection();
        connected = true;
        return [account];
      case "eth_accounts":
        return connected ? [account] : [];
      case "eth_chainId":
        return `0x${state.chainId.toString(16)}`;
      case "wallet_switchEthereumChain":
        state.chainId = Number((params[0] as { chainId: string }).chainId);
        return null;
      case "wallet_requestPermissions":
      case "wallet_getPermissions":
        return [{ parentCapability: "eth_accounts" }];
      case "wallet_revokePermissions":
        connected = false;
        return null;
      case "eth_sendTransaction": {
        if (state.declines) throw rejection();
        await state.beforeSending();
        const call = params[0] as Call;
        const { hash } = await (contractAccount === undefined
          ? sendFromKey(signer, call)
          : sendThrough(contractAccount, signer, call));
        state.sent.push(hash);
        if (state.losesAnswers) throw new Error("read ECONNRESET");
        return hash;
      }
      case "eth_signTypedData_v4": {
        if (state.declines) throw rejection();
        const { domain, types, message } = JSON.parse(params[1] as string) as TypedData;
        const { EIP712Domain: _domain, ...rest } = types;
        return signer.signingKey.sign(TypedDataEncoder.hash(domain, rest, message)).serialized;
      }
      default:
        return provider.send(method, [...params]);
    }
  };

  await context.exposeFunction("testWalletRequest", async (request: Request) => {
    try {
      return { result: await answer(request) };
    } catch (error) {
      const { code = -32_000, message } = error as { code?: number; message: string };
      return { error: { code: typeof code === "number" ? code : -32_000, message } };
    }
  });
  await context.addInitScript(announceWallet, late);
  return state;
}

export interface Call {
  readonly to?: string;
  readonly data?: string;
  readonly gas?: string;
  readonly value?: string;
}

export function sendFromKey(signer: Wallet, { to, data, gas, value }: Call): Promise<{ hash: string }> {
  return signer.sendTransaction({
    ...(to !== undefined && { to }),
    ...(data !== undefined && { data }),
    ...(gas !== undefined && { gasLimit: BigInt(gas) }),
    value: BigInt(value ?? 0),
  });
}

const SMART_ACCOUNT_ABI = [
  "function callHash(address to, bytes data) view returns (bytes32)",
  "function execute(address to, bytes data, bytes signature)",
];
/** A failure of the call within does not fail what carries it, so no estimate would find how much it needs. */
const CARRIER_GAS = 10_000_000n;

/** Carries a call of a SmartAccount, which its owner signs and pays for. */
export async function sendThrough(
  contractAccount: string,
  owner: Wallet,
  { to, data = "0x" }: Call,
): Promise<{ hash: string }> {
  const contract = new Contract(contractAccount, SMART_ACCOUNT_ABI, owner);
  const hash = (await contract.getFunction("callHash")(to, data)) as string;
  const signature = await owner.signMessage(getBytes(hash));
  return (await contract.getFunction("execute")(to, data, signature, { gasLimit: CARRIER_GAS })) as {
    hash: string;
  };
}

function rejection(): Error {
  return Object.assign(new Error("The user rejected the request"), { code: 4001 });
}

/** Runs in the page. */
function announceWallet(late: boolean): void {
  type Answer = { result?: unknown; error?: { code: number; message: string } };
  const page = globalThis as unknown as {
    testWalletRequest(request: unknown): Promise<Answer>;
  };
  const listeners = new Map<string, Set<(value: unknown) => void>>();
  const provider = {
    request: async (request: { method: string; params?: { chainId: string }[] }) => {
      const { result, error } = await page.testWalletRequest(request);
      if (error !== undefined) throw Object.assign(new Error(error.message), { code: error.code });
      if (request.method === "wallet_switchEthereumChain") {
        for (const listener of listeners.get("chainChanged") ?? []) listener(request.params?.[0]?.chainId);
      }
      return result;
    },
    on: (event: string, listener: (value: unknown) => void) => {
      listeners.set(event, (listeners.get(event) ?? new Set()).add(listener));
    },
    removeListener: (event: string, listener: (value: unknown) => void) => {
      listeners.get(event)?.delete(listener);
    },
  };
  const info = {
    uuid: "350670db-19fa-4704-a166-e52e178b59d2",
    name: "Test wallet",
    icon: "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'/%3E",
    rdns: "example.test.wallet",
  };
  const announce = (): void => {
    const detail = Object.freeze({ info, provider });
    window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  };
  window.addEventListener("eip6963:requestProvider", late ? () => setTimeout(announce, 300) : announce);
  if (!late) announce();
}
