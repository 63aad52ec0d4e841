import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { InputError } from "@concordat/protocol/errors";
import { isLoopback } from "./isLoopback.ts";
import { parseBook } from "./parseBook.ts";

/** What the page's `config.json` says in `format`. */
export const CONFIG_FORMAT = "concordat/dapp/1";
/** How often the chain is asked for new blocks where the configuration does not say. */
const DEFAULT_POLL_MS = 2_000;
/** Safe{Wallet} as its makers host it. */
const DEFAULT_SAFE_ORIGINS = ["https://app.safe.global"];
/** The relay of WalletConnect's makers, to which wallets' apps keep. */
const WALLET_CONNECT_RELAY = "wss://relay.walletconnect.org";

/** One chain that the page knows: how to reach it, and where the contracts stand. */
export interface NetworkConfig {
  readonly name: string;
  readonly chainId: number;
  /** Tried in this order. */
  readonly rpcUrls: readonly string[];
  /** Announces new blocks; without it, or while it is lost, the page polls. */
  readonly webSocketUrl: string | undefined;
  readonly pollMs: number;
  readonly addressBook: AddressBook;
  /** Page of a block explorer, to which /tx/HASH, /address/ACCOUNT and /block/NUMBER are appended. */
  readonly explorerUrl: string | undefined;
  /** An index (`concordat index serve`): old events are read from it and checked, its questions are linked; never needed. */
  readonly indexUrl: string | undefined;
  readonly currency: string;
}

/** Wallets on other devices, reached through a relay. */
export interface WalletConnectConfig {
  /** Under which the relay knows this site. */
  readonly projectId: string;
  readonly relayUrl: string;
}

/** The page's configuration: `config.json` beside index.html, which can be changed after the build. */
export interface DappConfig {
  readonly networks: readonly [NetworkConfig, ...NetworkConfig[]];
  /** Kubo's RPC to which a publisher's manifest and initial model are uploaded; without it they are saved as files. */
  readonly kuboRpcUrl: string | undefined;
  /** Trustless gateways that are asked before the nodes' own. */
  readonly gateways: readonly string[];
  /** Whether the page may fetch artifacts from the gateways that nodes name in the registry. */
  readonly registryGateways: boolean;
  /** Origins of Safe{Wallet} pages that may frame this page; a parent of any other origin is never spoken to. */
  readonly safeOrigins: readonly string[];
  /** Without it nothing of WalletConnect is offered, loaded or called. */
  readonly walletConnect: WalletConnectConfig | undefined;
}

/** Reads a file beside the page by its relative name. */
export type ReadFile = (name: string) => Promise<unknown>;

/**
 * Checks `config.json` and reads the address books that it names by file.
 * @throws {InputError} in one sentence naming the entry that is wrong.
 */
export async function parseConfig(value: unknown, readFile: ReadFile): Promise<DappConfig> {
  const config = objectAt(value, "config.json");
  if (config["format"] !== CONFIG_FORMAT) throw wrong("format", `must be "${CONFIG_FORMAT}"`);
  const listed = config["networks"];
  if (!Array.isArray(listed)) throw wrong("networks", "must be a list");
  const [first, ...others] = await Promise.all(
    listed.map((entry: unknown, index) => parseNetwork(entry, `networks.${index}`, readFile)),
  );
  if (first === undefined) throw wrong("networks", "must have at least one network");
  return {
    networks: [first, ...others],
    kuboRpcUrl: optionalUrl(config["kuboRpcUrl"], "kuboRpcUrl", HTTP),
    gateways: urls(config["gateways"] ?? [], "gateways"),
    registryGateways: config["registryGateways"] !== false,
    safeOrigins: origins(config["safeOrigins"] ?? DEFAULT_SAFE_ORIGINS, "safeOrigins"),
    walletConnect: parseWalletConnect(config["walletConnect"]),
  };
}

async function parseNetwork(value: unknown, at: string, readFile: ReadFile): Promise<NetworkConfig> {
  const network = objectAt(value, at);
  const rpcUrls = urls(network["rpcUrls"], `${at}.rpcUrls`);
  if (rpcUrls.length === 0) throw wrong(`${at}.rpcUrls`, "must have at least one address");
  const book = network["addressBook"];
  const addressBook = parseBook(typeof book === "string" ? await readFile(book) : book);
  const pollMs = network["pollMs"] ?? DEFAULT_POLL_MS;
  if (typeof pollMs !== "number" || !(pollMs >= 100)) throw wrong(`${at}.pollMs`, "must be 100 or more");
  return {
    name: optionalText(network["name"], `${at}.name`) ?? addressBook.network,
    chainId: addressBook.chainId,
    rpcUrls,
    webSocketUrl: optionalUrl(network["webSocketUrl"], `${at}.webSocketUrl`, WEB_SOCKET),
    pollMs,
    addressBook,
    explorerUrl: optionalExplorer(network["explorerUrl"], `${at}.explorerUrl`),
    indexUrl: optionalUrl(network["indexUrl"], `${at}.indexUrl`, HTTP),
    currency: optionalText(network["currency"], `${at}.currency`) ?? "ETH",
  };
}

function parseWalletConnect(value: unknown): WalletConnectConfig | undefined {
  if (value === undefined) return undefined;
  const { projectId, relayUrl } = objectAt(value, "walletConnect");
  if (typeof projectId !== "string" || projectId === "")
    throw wrong("walletConnect.projectId", "must be a text");
  return {
    projectId,
    relayUrl: optionalUrl(relayUrl, "walletConnect.relayUrl", WEB_SOCKET) ?? WALLET_CONNECT_RELAY,
  };
}

const HTTP = ["http:", "https:"];
const WEB_SOCKET = ["ws:", "wss:"];

function urls(value: unknown, at: string): readonly string[] {
  if (!Array.isArray(value)) throw wrong(at, "must be a list of addresses");
  return value.map((entry: unknown, index) => url(entry, `${at}.${index}`, HTTP));
}

function origins(value: unknown, at: string): readonly string[] {
  return urls(value, at).map((address, index) => {
    const { origin } = new URL(address);
    if (address !== origin) throw wrong(`${at}.${index}`, "must be an origin, without a path");
    return origin;
  });
}

function optionalUrl(value: unknown, at: string, protocols: readonly string[]): string | undefined {
  return value === undefined ? undefined : url(value, at, protocols);
}

/** Readers take what an explorer says for the truth: nobody on the way may change it, but on this very machine there is no way. */
function optionalExplorer(value: unknown, at: string): string | undefined {
  const explorer = optionalUrl(value, at, HTTP);
  if (explorer === undefined) return undefined;
  const { protocol, origin, search, hash } = new URL(explorer);
  if (protocol === "http:" && !isLoopback(origin))
    throw wrong(at, "must be an address that begins with https://");
  if (search !== "" || hash !== "")
    throw wrong(at, "must be an address without ? and #, to which a path is appended");
  return explorer;
}

function url(value: unknown, at: string, protocols: readonly string[]): string {
  const parsed = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  if (parsed === undefined || !protocols.includes(parsed.protocol)) {
    throw wrong(at, `must be an address that begins with ${protocols.join("// or ")}//`);
  }
  return parsed.href.replace(/\/$/, "");
}

function optionalText(value: unknown, at: string): string | undefined {
  if (value !== undefined && typeof value !== "string") throw wrong(at, "must be a text");
  return value;
}

function objectAt(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong(at, "must be an object");
  return value as Readonly<Record<string, unknown>>;
}

function wrong(at: string, problem: string): InputError {
  return new InputError(`config.json: ${at} ${problem}`, { hint: "Correct the file beside the page" });
}
