import { expect } from "chai";
import type { ChainProvider } from "#chain/endpoints/chainProvider";
import { EndpointError, type EndpointFault } from "#chain/endpoints/endpointError";
import { estimateGas } from "#chain/sending/estimateGas";
import { MAX_GAS } from "#chain/sending/maxGas";

/** An endpoint without estimates, whose calls need this much gas. */
const needing = (gasNeeded: bigint, faultOf: (gas: bigint) => EndpointFault | undefined): ChainProvider =>
  ({
    ask: async (method: string, [call]: readonly [{ readonly gas: string }]) => {
      if (method !== "eth_call") throw new EndpointError("a", "unsupported", "", method);
      const gas = BigInt(call.gas);
      const fault = faultOf(gas) ?? (gas < gasNeeded ? "bareRevert" : undefined);
      if (fault !== undefined) throw new EndpointError("a", fault, "", method);
      return "0x";
    },
  }) as unknown as ChainProvider;
const call = { from: "0x", to: "0x", data: "0x" };

describe("Gas that calls stand in for", () => {
  it("is at most twice what is needed", async () => {
    const gas = await estimateGas(
      needing(200_000n, () => undefined),
      call,
      1,
    );
    expect(gas).to.equal(262_144n);
  });

  it("is not taken for all there is where the endpoint fails between two calls", async () => {
    const limited = needing(200_000n, (gas) => (gas < MAX_GAS ? "rateLimited" : undefined));
    const error = await estimateGas(limited, call, 1).catch((failure: unknown) => failure);
    expect(error).to.be.instanceOf(EndpointError).with.property("fault", "rateLimited");
  });

  it("is asked of the newest state where the endpoint has forgotten that of the block", async () => {
    const asked: unknown[] = [];
    const ahead = {
      ask: async (method: string, [, at]: readonly unknown[]) => {
        asked.push(at);
        if (at !== "latest") throw new EndpointError("a", "pruned", "", method);
        return "0x5208";
      },
    } as unknown as ChainProvider;
    expect(await estimateGas(ahead, call, 1)).to.equal(21_000n);
    expect(asked.at(-1)).to.equal("latest");
  });
});
