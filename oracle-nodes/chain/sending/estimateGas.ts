import { toQuantity } from "ethers";
import type { ChainProvider } from "../endpoints/chainProvider.ts";
import { isEndpointFault, type EndpointFault } from "../endpoints/endpointError.ts";
import { MAX_GAS } from "./maxGas.ts";

/** A call as it would be sent. */
export interface GasCall {
  readonly from: string;
  readonly to: string;
  readonly data: string;
}

/** Gas of the first try where calls stand in for an estimate. */
const FIRST_TRY = 65_536n;
/** What an endpoint says of a call that has too little gas, where it does not say why. */
const OF_THE_CALL: ReadonlySet<EndpointFault> = new Set([
  "bareRevert",
  "gasTooLow",
  "unclear",
  "unavailable",
]);
/** Milliseconds for which an estimate is asked for before calls stand in for it. */
const PATIENCE_MS = 6000;

/**
 * Gas that a call needs on the state of a block; where the endpoint gives no estimates, an upper bound by a factor of two,
 * found by calling with ever more gas.
 * @throws {ContractError} when the contract refuses the call. @throws {EndpointError} when neither can be had.
 */
export async function estimateGas(provider: ChainProvider, call: GasCall, block: number): Promise<bigint> {
  try {
    return await estimateAt(provider, call, toQuantity(block));
  } catch (error) {
    if (!isEndpointFault(error) || error.fault !== "pruned") throw error;
    // Only an endpoint that is far ahead of the blocks that were seen has forgotten this one: its own newest state it has.
    return estimateAt(provider, call, "latest");
  }
}

async function estimateAt(provider: ChainProvider, call: GasCall, at: string): Promise<bigint> {
  try {
    return BigInt(String(await provider.ask("eth_estimateGas", [call, at], { patienceMs: PATIENCE_MS })));
  } catch (error) {
    if (!isEndpointFault(error)) throw error;
    // Some take no block here.
    if (error.fault === "unsupported") {
      const estimate = await provider
        .ask("eth_estimateGas", [call], { patienceMs: PATIENCE_MS })
        .catch(() => undefined);
      if (estimate !== undefined) return BigInt(String(estimate));
    }
    // What the endpoint says of the call itself, or of the account, calls would say too.
    if (error.fault === "bareRevert" || error.fault === "insufficientFunds") throw error;
    return byCalls(provider, call, at);
  }
}

async function byCalls(provider: ChainProvider, call: GasCall, at: string): Promise<bigint> {
  const passes = async (gas: bigint): Promise<unknown> =>
    provider.ask("eth_call", [{ ...call, gas: toQuantity(gas) }, at], { patienceMs: PATIENCE_MS });
  // With all the gas there is, a refusal is the contract's; with less, it may be for want of gas.
  await passes(MAX_GAS);
  for (let gas = FIRST_TRY; gas < MAX_GAS; gas *= 2n) {
    const isEnough = await passes(gas).then(
      () => true,
      (error: unknown) => {
        // What an endpoint says of itself says nothing of the gas.
        if (!isEndpointFault(error) || OF_THE_CALL.has(error.fault)) return false;
        throw error;
      },
    );
    if (isEnough) return gas;
  }
  return MAX_GAS;
}
