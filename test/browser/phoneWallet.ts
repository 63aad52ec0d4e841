import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { SignClient } from "@walletconnect/sign-client";
import { TypedDataEncoder, type Wallet } from "ethers";
import { sendFromKey, type Call } from "./testWallet.ts";

type Client = Awaited<ReturnType<typeof SignClient.init>>;

/** What the wallet's owner does with a proposal and with requests. */
export interface Owner {
  /** Chains that the wallet knows. */
  chains: number[];
  declines: boolean;
  /** Leaves every request where it is. */
  isAway: boolean;
  /** Awaited before a proposal is answered, as an owner takes time to read. */
  beforeDeciding: () => Promise<void>;
}

interface Request {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** A wallet on a phone: WalletConnect's own client, with the signer's key, beside the browser. */
export class PhoneWallet {
  readonly owner: Owner = {
    chains: [31_337],
    declines: false,
    isAway: false,
    beforeDeciding: () => Promise.resolve(),
  };
  /** Methods that were asked for, in order. */
  readonly asked: string[] = [];
  /** Emits "proposed" and "decided" with each proposal, the latter with the error if the page no longer waited; "asked" with each request. */
  readonly events = new EventEmitter();
  /** Addresses that pages gave for themselves. */
  readonly pages: string[] = [];
  readonly #client: Client;
  readonly #signer: Wallet;

  private constructor(client: Client, signer: Wallet) {
    this.#client = client;
    this.#signer = signer;
    client.on("session_proposal", ({ id, params }) => {
      this.pages.push(params.proposer.metadata.url);
      this.events.emit("proposed");
      this.#decide(id, params.optionalNamespaces["eip155"]?.methods ?? []).then(
        () => this.events.emit("decided"),
        (error: unknown) => this.events.emit("decided", error),
      );
    });
    client.on("session_request", ({ id, topic, params: { request } }) => {
      void this.#respond(id, topic, request as Request);
    });
  }

  static async open(relayUrl: string, signer: Wallet): Promise<PhoneWallet> {
    const client = await SignClient.init({
      projectId: "phone",
      relayUrl,
      logger: "silent",
      telemetryEnabled: false,
      storage: new MemoryStore(),
      // Of its own, so that several wallets live in this process.
      customStoragePrefix: randomUUID(),
      metadata: { name: "Phone wallet", description: "A test's", url: "https://wallet.example", icons: [] },
    });
    return new PhoneWallet(client, signer);
  }

  get sessions(): number {
    return this.#client.session.length;
  }

  /** Scans the code. */
  pair(uri: string): Promise<unknown> {
    return this.#client.pair({ uri });
  }

  /** Resolves when the page has ended the session. */
  async parted(): Promise<void> {
    if (this.sessions > 0) await once(this.#client.events, "session_delete");
  }

  async disconnect(): Promise<void> {
    await this.#client.disconnect({
      topic: this.#topic(),
      reason: { code: 6000, message: "User disconnected." },
    });
  }

  /** Goes over to another chain by itself. */
  async switchTo(chainId: number): Promise<void> {
    await this.#client.emit({
      topic: this.#topic(),
      chainId: `eip155:${this.owner.chains[0]}`,
      event: { name: "chainChanged", data: chainId },
    });
  }

  async close(): Promise<void> {
    this.#client.core.heartbeat.stop();
    await this.#client.core.relayer.transportClose();
  }

  #topic(): string {
    const [session] = this.#client.session.getAll();
    if (session === undefined) throw new Error("The wallet has no session");
    return session.topic;
  }

  async #decide(id: number, methods: string[]): Promise<void> {
    await this.owner.beforeDeciding();
    const { chains, declines } = this.owner;
    if (declines) {
      await this.#client.reject({ id, reason: { code: 5000, message: "User rejected." } });
      return;
    }
    await this.#client.approve({
      id,
      namespaces: {
        eip155: {
          accounts: chains.map((chainId) => `eip155:${chainId}:${this.#signer.address}`),
          methods,
          events: ["accountsChanged", "chainChanged"],
        },
      },
    });
  }

  async #respond(id: number, topic: string, { method, params }: Request): Promise<void> {
    this.asked.push(method);
    this.events.emit("asked", method);
    if (this.owner.isAway) return;
    const response = await this.#answer(method, params).then(
      (result) => ({ id, jsonrpc: "2.0", result }),
      (error: { code?: number; message: string }) => ({
        id,
        jsonrpc: "2.0",
        error: { code: error.code ?? -32_000, message: error.message },
      }),
    );
    await this.#client.respond({ topic, response });
  }

  async #answer(method: string, params: readonly unknown[]): Promise<string> {
    if (this.owner.declines) throw Object.assign(new Error("User rejected."), { code: 5000 });
    switch (method) {
      case "eth_sendTransaction":
        return (await sendFromKey(this.#signer, params[0] as Call)).hash;
      case "eth_signTypedData_v4": {
        const { domain, types, message } = JSON.parse(params[1] as string) as {
          domain: Record<string, unknown>;
          types: Record<string, { name: string; type: string }[]>;
          message: Record<string, unknown>;
        };
        const { EIP712Domain: _domain, ...rest } = types;
        return this.#signer.signingKey.sign(TypedDataEncoder.hash(domain, rest, message)).serialized;
      }
      default:
        throw Object.assign(new Error(`This wallet does not know ${method}`), { code: -32_601 });
    }
  }
}

/** What the wallet keeps, for as long as it lives. */
class MemoryStore {
  readonly #values = new Map<string, unknown>();
  getKeys = async (): Promise<string[]> => [...this.#values.keys()];
  getEntries = async <T>(): Promise<[string, T][]> => [...this.#values] as [string, T][];
  getItem = async <T>(key: string): Promise<T | undefined> => this.#values.get(key) as T | undefined;
  setItem = async (key: string, value: unknown): Promise<void> => void this.#values.set(key, value);
  removeItem = async (key: string): Promise<void> => void this.#values.delete(key);
}
