import { UnsupportedProviderMethodError, numberToHex } from "viem";
import type { Address, Chain } from "viem";
import { ConcordatError } from "@concordat/protocol/errors";
import { accountsOn, allowsMethod, approvedChains } from "./approved.ts";
import { qrCode } from "./qrCode.ts";
import type { QrCode } from "./qrCode.ts";
import { openQuietClient } from "./quietClient.ts";
import type { QuietClient, RelayAccess } from "./quietClient.ts";
import { explainPairing, explainRequest, sessionOver } from "./refusals.ts";
import { unlessAborted } from "./unlessAborted.ts";

/** What the page asks of a wallet; it reads the chain through endpoints of its own. */
const METHODS = ["eth_sendTransaction", "eth_signTypedData_v4", "personal_sign"];
const NETWORK_METHODS = ["wallet_switchEthereumChain", "wallet_addEthereumChain"];
const EVENTS = ["accountsChanged", "chainChanged"];
/** Milliseconds until a relay that takes no proposal counts as absent. */
const RELAY_MS = 10_000;
/** Milliseconds that the parting may take; then the page forgets the wallet without its knowing. */
const PARTING_MS = 3_000;
/** Milliseconds after its consent within which a wallet extends the session to another network. */
const EXTENSION_MS = 5_000;
/** WalletConnect's code for an end that the user chose. */
const PARTED = { code: 6000, message: "User disconnected." };

/** What a wallet does by itself. */
export interface WalletChanges {
  readonly onAccounts: (accounts: readonly Address[]) => void;
  readonly onChain: (chainId: number) => void;
  /** The wallet has ended the session, or it has expired. */
  readonly onEnd: () => void;
}

/** How a pairing is shown and given up. */
export interface PairingDesk {
  /** Gets the address that the wallet must be given, and the same as a code for its camera. */
  readonly onUri: (uri: string, code: QrCode) => void;
  readonly signal: AbortSignal;
}

type Session = ReturnType<QuietClient["session"]["getAll"]>[number];

/** A wallet on another device, reached through a relay: the page's side of WalletConnect 2. */
export class RemoteWallet {
  readonly #client: QuietClient;
  readonly #relayUrl: string;
  readonly #changes: WalletChanges;
  #chainId: number;
  /** Aborted when the session ends: whoever waits for the wallet then waits no longer. */
  #ended = new AbortController();
  /** Settled when the last pairing that was given up is cleared away, and its connection closed. */
  #givenUp: Promise<void> = Promise.resolve();

  private constructor(client: QuietClient, relayUrl: string, chainId: number, changes: WalletChanges) {
    this.#client = client;
    this.#relayUrl = relayUrl;
    this.#chainId = chainId;
    this.#changes = changes;
  }

  /** Opens with the session that the browser has kept, if any, on `chainId` where that session covers it. */
  static async open(access: RelayAccess, chainId: number, changes: WalletChanges): Promise<RemoteWallet> {
    const client = await openQuietClient(access);
    const wallet = new RemoteWallet(client, access.relayUrl, chainId, changes);
    wallet.#settleOn(chainId);
    wallet.#listen();
    return wallet;
  }

  get isConnected(): boolean {
    return this.#session() !== undefined;
  }

  /** Chain to which requests go. */
  get chainId(): number {
    return this.#chainId;
  }

  get accounts(): readonly Address[] {
    const session = this.#session();
    return session === undefined ? [] : accountsOn(session, this.#chainId);
  }

  /**
   * Proposes a session on these chains, the first of them before the others, and waits until a wallet accepts.
   * @throws {ConcordatError | UserRejectedRequestError} in one sentence; the signal's reason where it is aborted.
   */
  async pair(chainIds: readonly [number, ...number[]], { onUri, signal }: PairingDesk): Promise<void> {
    const { core } = this.#client;
    const gone = new AbortController();
    const awaitRelay = (): ReturnType<typeof setTimeout> =>
      setTimeout(() => gone.abort(this.#noRelay()), RELAY_MS);
    let silent = awaitRelay();
    const either = AbortSignal.any([signal, gone.signal]);
    const onDelete = (): void => {
      gone.abort(
        new ConcordatError("Your wallet has ended the pairing", {
          hint: "Choose WalletConnect again for a new code",
        }),
      );
    };
    core.pairing.events.on("pairing_delete", onDelete);
    try {
      await unlessAborted(either, this.#givenUp);
      clearTimeout(silent);
      silent = awaitRelay();
      await unlessAborted(either, this.#reachRelay());
      const { uri, approval } = await unlessAborted(either, this.#propose(chainIds));
      clearTimeout(silent);
      if (uri === undefined) throw this.#noRelay();
      onUri(uri, qrCode(uri));
      const session = await unlessAborted(either, this.#approved(approval, either));
      if (accountsOn(session, chainIds[0]).length === 0) {
        await this.disconnect();
        throw new ConcordatError("Your wallet has offered no account", {
          hint: "Choose an account in the wallet, then connect again",
        });
      }
    } catch (error) {
      this.#givenUp = this.#giveUpPairing();
      signal.throwIfAborted();
      throw explainPairing(error);
    } finally {
      clearTimeout(silent);
      core.pairing.events.off("pairing_delete", onDelete);
    }
    this.#ended = new AbortController();
    this.#settleOn(chainIds[0]);
  }

  /** Asks the wallet to sign or send. @throws with the wallet's own code, or {@link ConcordatError} where it is not reached. */
  async request(method: string, params: unknown): Promise<unknown> {
    const session = this.#session();
    if (session === undefined) throw sessionOver();
    if (!allowsMethod(session, method)) {
      throw new UnsupportedProviderMethodError(new Error(`The wallet’s session does not allow ${method}`));
    }
    const chains = approvedChains(session);
    const chainId = chains.includes(this.#chainId) ? this.#chainId : chains[0];
    const asked = this.#client.request({
      topic: session.topic,
      chainId: `eip155:${chainId}`,
      request: { method, params },
    });
    return unlessAborted(this.#ended.signal, asked).catch((error: unknown) => {
      throw explainRequest(error);
    });
  }

  /** Goes over to another chain: at once where the session covers it, else after the wallet has extended it. */
  async switchTo(chain: Chain): Promise<void> {
    if (!this.#covers(chain.id)) {
      await this.#askForNetwork(chain);
      if (!(await this.#isExtendedTo(chain.id))) {
        throw new ConcordatError(`Your wallet’s session does not cover ${chain.name}`, {
          hint: `Disconnect, switch ${chain.name} on in the wallet, and connect again`,
        });
      }
    }
    this.#chainId = chain.id;
  }

  /** Ends the session; where the relay cannot tell the wallet in time, on this side alone. */
  async disconnect(): Promise<void> {
    this.#ended.abort(sessionOver());
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), PARTING_MS);
    for (const { topic } of this.#client.session.getAll()) {
      await unlessAborted(late.signal, this.#client.disconnect({ topic, reason: PARTED })).catch(() =>
        this.#client.session.delete(topic, PARTED).catch(() => undefined),
      );
    }
    clearTimeout(timer);
    await this.#client.core.relayer.transportClose();
  }

  #session(): Session | undefined {
    return this.#client.session.getAll().at(-1);
  }

  #covers(chainId: number): boolean {
    const session = this.#session();
    return session !== undefined && approvedChains(session).includes(chainId);
  }

  #settleOn(chainId: number): void {
    const session = this.#session();
    if (session === undefined) return;
    this.#chainId = this.#covers(chainId) ? chainId : (approvedChains(session)[0] ?? chainId);
  }

  /**
   * Connects before anything is proposed: the client would go on sending a proposal that the relay did not take for a minute,
   * after the reader was told that it is absent.
   */
  async #reachRelay(): Promise<void> {
    const { relayer } = this.#client.core;
    // Whatever it answers to a question about no topic, it is there.
    await relayer
      .request({ method: "irn_batchFetchMessages", params: { topics: [] } })
      .catch(() => undefined);
    if (!relayer.connected) throw this.#noRelay();
  }

  #propose(chainIds: readonly number[]): ReturnType<QuietClient["connect"]> {
    return this.#client.connect({
      // Optional, as a wallet that lacks one of several networks should still connect on the others.
      optionalNamespaces: {
        eip155: {
          chains: chainIds.map((id) => `eip155:${id}`),
          methods: [...METHODS, ...NETWORK_METHODS],
          events: EVENTS,
        },
      },
    });
  }

  /** The session, once approved; one that comes after all was given up is ended again. */
  async #approved(approval: () => Promise<Session>, signal: AbortSignal): Promise<Session> {
    const session = await approval();
    if (signal.aborted) await this.disconnect();
    return session;
  }

  async #giveUpPairing(): Promise<void> {
    const { core, proposal } = this.#client;
    await Promise.allSettled([
      ...proposal.getAll().map(({ id }) => proposal.delete(id, PARTED)),
      ...core.pairing.getPairings().map(({ topic }) => core.pairing.disconnect({ topic })),
    ]);
    if (!this.isConnected) await core.relayer.transportClose();
  }

  /** Asks the wallet to go over to a network, or else to add it; what it answers shows in the session. */
  async #askForNetwork({ id, name, nativeCurrency, rpcUrls }: Chain): Promise<void> {
    const chainId = numberToHex(id);
    const network = { chainId, chainName: name, nativeCurrency, rpcUrls: rpcUrls.default.http };
    try {
      await this.request("wallet_switchEthereumChain", [{ chainId }]);
    } catch (error) {
      if (isFinal(error)) throw error;
      // It does not know the network, or this question.
      await this.request("wallet_addEthereumChain", [network]).catch((again: unknown) => {
        if (isFinal(again)) throw again;
      });
    }
  }

  async #isExtendedTo(chainId: number): Promise<boolean> {
    if (this.#covers(chainId)) return true;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), EXTENSION_MS);
    let onUpdate = (): void => undefined;
    const extended = new Promise<void>((resolve) => {
      onUpdate = () => {
        if (this.#covers(chainId)) resolve();
      };
      this.#client.on("session_update", onUpdate);
    });
    await unlessAborted(late.signal, extended).catch(() => undefined);
    clearTimeout(timer);
    this.#client.off("session_update", onUpdate);
    return this.#covers(chainId);
  }

  #listen(): void {
    const over = ({ topic }: { readonly topic: string }): void => {
      if (this.#session() !== undefined && this.#session()?.topic !== topic) return;
      this.#ended.abort(sessionOver());
      this.#changes.onEnd();
      void this.#client.core.relayer.transportClose();
    };
    this.#client.on("session_delete", over);
    this.#client.on("session_expire", over);
    this.#client.on("session_update", () => this.#changes.onAccounts(this.accounts));
    this.#client.on("session_event", ({ params: { event } }) => {
      if (event.name === "chainChanged") this.#onChainChanged(Number(event.data));
      if (event.name === "accountsChanged" && Array.isArray(event.data)) this.#onAccountsChanged(event.data);
    });
  }

  #onChainChanged(chainId: number): void {
    if (!Number.isSafeInteger(chainId)) return;
    this.#chainId = chainId;
    this.#changes.onChain(chainId);
  }

  /** The account that the wallet names comes first, provided that the session has it. */
  #onAccountsChanged(named: readonly unknown[]): void {
    const chosen = named.map((account) => String(account).split(":").at(-1)?.toLowerCase());
    const isChosen = (account: Address): boolean => chosen.includes(account.toLowerCase());
    const { accounts } = this;
    this.#changes.onAccounts([...accounts.filter(isChosen), ...accounts.filter((each) => !isChosen(each))]);
  }

  #noRelay(): ConcordatError {
    return new ConcordatError(
      `The relay ${this.#relayUrl} does not answer, or does not know this site’s project`,
      {
        hint: "Try again later, or connect a wallet in this browser",
      },
    );
  }
}

/** Whether asking otherwise is of no use: the wallet is not reached, or its owner has declined. */
function isFinal(error: unknown): boolean {
  return error instanceof ConcordatError || (error as { readonly code?: unknown }).code === 4001;
}
