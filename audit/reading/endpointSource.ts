import { openProvider } from "@concordat/chain/endpoints/chainProvider";
import type { ChainProvider } from "@concordat/chain/endpoints/chainProvider";
import { isEndpointFault } from "@concordat/chain/endpoints/endpointError";
import { ConcordatError } from "@concordat/protocol/errors";
import type { AuditedEndpoint } from "../auditOptions.ts";
import { chainSource } from "./chainSource.ts";
import type { ChainSource } from "./chainSource.ts";

/** Milliseconds for which a wide range of logs is asked for again before a narrower one is tried. */
const WIDE_PATIENCE_MS = 3_000;
/** Milliseconds for which the state of an old block is asked for again: who has forgotten it does not get it back. */
const OLD_STATE_PATIENCE_MS = 1_500;
/** Blocks below the newest from which on a state counts as old. */
const OLD_STATE_BLOCKS = 64;

/** An endpoint that stays open until it is closed. */
export interface OpenEndpoint extends AuditedEndpoint {
  close(): void;
}

/**
 * Opens an endpoint for an audit: every read is tried again until it is answered or the patience ends.
 * @throws {InputError} for an address that is none.
 */
export function openEndpoint(rpcUrl: string, chainId: number | undefined, patienceMs?: number): OpenEndpoint {
  const provider = openProvider(rpcUrl, chainId, patienceMs === undefined ? {} : { patienceMs });
  const [name = "the endpoint"] = provider.endpoints;
  return { name, source: providerSource(provider), close: () => provider.destroy() };
}

/** Reads the chain through a provider of the chain layer. */
export function providerSource(provider: ChainProvider): ChainSource {
  const plain = chainSource((method, params) => provider.ask(method, params));
  const waiting = chainSource((method, params) =>
    provider.ask(method, params, {
      lacks: (block) => (block === null ? `block ${Number(params[0])}` : undefined),
    }),
  );
  const brief = (patienceMs: number): ChainSource =>
    chainSource((method, params) => provider.ask(method, params, { patienceMs }));
  const [wide, old] = [brief(WIDE_PATIENCE_MS), brief(OLD_STATE_PATIENCE_MS)];
  let newest = 0;
  let forgotten: { readonly block: number; readonly error: unknown } | undefined;
  const latestBlock = async (): Promise<number> => (newest = Math.max(newest, await plain.latestBlock()));
  const state = async <T>(block: number, read: (source: ChainSource) => Promise<T>): Promise<T> => {
    if (newest === 0) await latestBlock();
    if (block > newest - OLD_STATE_BLOCKS) return read(plain);
    if (forgotten !== undefined && block <= forgotten.block) throw forgotten.error;
    try {
      return await read(old);
    } catch (error) {
      if (!isEndpointFault(error)) throw error;
      if (!isEndpointFault(error, "pruned")) return read(plain);
      forgotten = { block, error };
      throw error;
    }
  };
  return {
    ...plain,
    latestBlock,
    logs: async (addresses, from, to) => {
      if (from === to) return plain.logs(addresses, from, to);
      try {
        return await wide.logs(addresses, from, to);
      } catch (error) {
        if (!isEndpointFault(error, "behind", "indexing")) throw error;
        return plain.logs(addresses, from, to);
      }
    },
    block: async (number) => {
      try {
        return await waiting.block(number);
      } catch (cause) {
        if (!isEndpointFault(cause, "behind") || number > newest) throw cause;
        throw new ConcordatError(`The endpoint ${cause.endpoint} does not have block ${number}`, {
          hint: "Ask an endpoint that keeps all block headers",
          cause,
        });
      }
    },
    call: (to, data, block) => state(block, (source) => source.call(to, data, block)),
    code: (account, block) => state(block, (source) => source.code(account, block)),
    close: () => provider.destroy(),
  };
}
