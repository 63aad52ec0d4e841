import hre from "hardhat";
import type { NetworkHooks } from "hardhat/types/hooks";
import type { Connection } from "../federation.ts";

/** Requests that mine a block, or that simulate the next one. */
const MINES = new Set(["eth_sendTransaction", "eth_sendRawTransaction", "evm_mine", "hardhat_mine"]);
const SIMULATES = new Set(["eth_call", "eth_estimateGas"]);

/**
 * Runs a chain by a clock of its own: each block stands a second after the one before, unless the caller set its time. However
 * long the machine takes, block hashes, the committees that they elect and the signatures are the same in every run.
 * @returns What gives the chain its usual clock back.
 */
export function fixClock(connection: Connection): () => void {
  const { provider } = connection;
  let isSet = false;
  const setTime = async (): Promise<void> => {
    const latest = await provider.request({ method: "eth_getBlockByNumber", params: ["latest", false] });
    const { timestamp } = latest as { timestamp: string };
    await provider.request({ method: "evm_setNextBlockTimestamp", params: [Number(timestamp) + 1] });
  };
  const handlers: Partial<NetworkHooks> = {
    async onRequest(context, requested, request, next) {
      const { method } = request;
      if (requested.id !== connection.id) return next(context, requested, request);
      if (method === "evm_setNextBlockTimestamp") isSet = true;
      if ((MINES.has(method) || SIMULATES.has(method)) && !isSet) await setTime();
      try {
        return await next(context, requested, request);
      } finally {
        if (MINES.has(method)) isSet = false;
      }
    },
  };
  hre.hooks.registerHandlers("network", handlers);
  return () => hre.hooks.unregisterHandlers("network", handlers);
}
