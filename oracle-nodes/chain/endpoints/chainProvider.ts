import {
  JsonRpcApiProvider,
  Network,
  keccak256,
  toQuantity,
  type JsonRpcPayload,
  type JsonRpcResult,
  type PerformActionRequest,
} from "ethers";
import type { Logger } from "pino";
import { InputError } from "@concordat/protocol/errors";
import { endpointName } from "./endpointName.ts";
import { EndpointPool, type AskOptions, type EndpointHealth } from "./endpointPool.ts";
import { httpEndpoint } from "./httpEndpoint.ts";
import type { Simulator } from "../sending/phaseChangeGas.ts";
import { webSocketEndpoint } from "./webSocketEndpoint.ts";

/** Milliseconds for which a read is tried again where its caller says nothing else. */
export const PATIENCE_MS = 30_000;
/** Milliseconds for which a contract that returned nothing is asked again: a backend that is behind does not have it yet. */
const EMPTY_PATIENCE_MS = 1500;

/** Milliseconds for each question of a simulation. */
const SIMULATION_MS = 4000;
/** Milliseconds for one look for a receipt. */
const RECEIPT_PATIENCE_MS = 4000;

export interface ProviderOptions {
  /** Milliseconds for which a read is tried again before it fails. */
  readonly patienceMs?: number;
  readonly logger?: Logger;
}

/**
 * The chain as the whole of Concordat reads it: ethers' provider over one or several endpoints, each read tried again until
 * somebody answers or its patience ends. It throws ContractError for what a contract said, and EndpointError for what an
 * endpoint said; ethers never guesses which. Transactions are offered once a call: repeating them is the sender's affair.
 */
export class ChainProvider extends JsonRpcApiProvider {
  readonly pool: EndpointPool;
  /** The newest block that was seen, zero before. */
  #newest = 0;

  constructor(pool: EndpointPool, chainId: number | undefined) {
    const network = chainId === undefined ? undefined : Network.from(chainId);
    super(network, { staticNetwork: network ?? true, batchMaxCount: 1, cacheTimeout: -1 });
    this.pool = pool;
  }

  /** Endpoints by their printable names, preferred ones first. */
  get endpoints(): readonly string[] {
    return this.pool.names;
  }

  health(): readonly EndpointHealth[] {
    return this.pool.health();
  }

  /** Notes the newest block: what asks for the latest state is answered at this one, never before it. */
  pinLatest(number: number): void {
    this.#newest = number;
  }

  override async send(
    method: string,
    params: readonly unknown[] | Record<string, unknown>,
  ): Promise<unknown> {
    const list = Array.isArray(params) ? (params as readonly unknown[]) : [params];
    return this.ask(method, list);
  }

  /** Asks, and goes on asking as the options say. */
  async ask(method: string, params: readonly unknown[], options: AskOptions = {}): Promise<unknown> {
    if (WRITES.has(method)) return this.pool.askOnce(method, params, options.signal);
    return this.pool.ask(method, this.#atNewest(method, params), options);
  }

  /** Only ethers' first look at the network comes this way. */
  override async _send(payload: JsonRpcPayload | readonly JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    const payloads = Array.isArray(payload)
      ? (payload as readonly JsonRpcPayload[])
      : [payload as JsonRpcPayload];
    return Promise.all(
      payloads.map(async ({ id, method, params }) => ({ id, result: await this.send(method, params) })),
    );
  }

  /** As ethers asks, but a block that exists, and a contract that answers, are waited for. */
  override async _perform(request: PerformActionRequest): Promise<unknown> {
    const rpc = this.getRpcRequest(request);
    if (rpc === null) return super._perform(request);
    const { method, args } = rpc;
    if (request.method === "getBlock" && "blockTag" in request) {
      return this.ask(method, args, {
        lacks: (block) => (block === null ? `block ${String(args[0])}` : undefined),
      });
    }
    if (request.method === "call") return this.#call(args);
    // Whoever waits for a receipt asks again by itself.
    if (request.method === "getTransactionReceipt")
      return this.ask(method, args, { patienceMs: RECEIPT_PATIENCE_MS });
    return this.send(method, args);
  }

  async #call(args: readonly unknown[]): Promise<unknown> {
    const ends = performance.now() + EMPTY_PATIENCE_MS;
    const lacks = (result: unknown): string | undefined =>
      result === "0x" && performance.now() < ends ? "the contract" : undefined;
    return this.ask("eth_call", args, { lacks });
  }

  /** For simulations, which nobody waits for long: without an answer a share of an estimate must do. */
  get simulator(): Simulator {
    return {
      ask: async (method, params) => this.ask(method, params, { patienceMs: SIMULATION_MS }),
      keccak256,
    };
  }

  override destroy(): void {
    this.pool.close();
    super.destroy();
  }

  /** "latest" as the newest block that was seen, so that an answer never comes from before it. */
  #atNewest(method: string, params: readonly unknown[]): readonly unknown[] {
    const place = STATE_READS[method];
    if (place === undefined || this.#newest === 0) return params;
    const tag = params[place];
    if (tag !== undefined && tag !== "latest") return params;
    return [...params.slice(0, place), toQuantity(this.#newest), ...params.slice(place + 1)];
  }
}

/** What changes something: never repeated unseen. */
const WRITES: ReadonlySet<string> = new Set(["eth_sendRawTransaction", "eth_sendTransaction"]);

/** Reads of a state, and where their block stands. */
const STATE_READS: Readonly<Record<string, number>> = {
  eth_call: 1,
  eth_getBalance: 1,
  eth_getCode: 1,
};

/** The endpoints of a setting: one address, several in a list, or several joined by commas. */
export function rpcUrls(setting: string | readonly string[]): string[] {
  const urls = typeof setting === "string" ? setting.split(",") : [...setting];
  return [...new Set(urls.map((url) => url.trim()).filter((url) => url !== ""))];
}

/**
 * A provider over these endpoints: http, https, ws or wss.
 * @param chainId The chain that each endpoint must serve, undefined for whichever it does.
 * @throws {InputError} for an address that is none.
 */
export function openProvider(
  setting: string | readonly string[],
  chainId?: number,
  { patienceMs = PATIENCE_MS, logger }: ProviderOptions = {},
): ChainProvider {
  const urls = rpcUrls(setting);
  if (urls.length === 0) throw new InputError("No chain endpoint given", { hint: "Give its URL" });
  const endpoints = urls.map((url) => {
    const name = endpointName(url);
    const protocol = URL.canParse(url) ? new URL(url).protocol : "";
    if (protocol === "http:" || protocol === "https:") return httpEndpoint(url);
    if (protocol === "ws:" || protocol === "wss:") return webSocketEndpoint(url);
    throw new InputError(
      `${name === "the endpoint" ? `"${url}"` : name} is not an HTTP or WebSocket endpoint`,
      {
        hint: "Give rpcUrl as http://, https://, ws:// or wss://",
      },
    );
  });
  const pool = new EndpointPool(endpoints, {
    patienceMs,
    ...(chainId !== undefined && { chainId }),
    ...(logger !== undefined && { logger }),
  });
  return new ChainProvider(pool, chainId);
}
