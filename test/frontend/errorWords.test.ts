import { expect } from "chai";
import { BaseError, ContractFunctionRevertedError, InsufficientFundsError, encodeErrorResult } from "viem";
import { ERRORS_ABI } from "#frontend/transactions/contractAbi.ts";
import { ERROR_WORDS } from "#frontend/transactions/errorWords.ts";
import { explainRevert } from "#frontend/transactions/explainRevert.ts";

/** A value that each type of the errors' arguments can take. */
const EXAMPLES: Readonly<Record<string, unknown>> = {
  address: `0x${"ab".repeat(20)}`,
  bytes32: `0x${"cd".repeat(32)}`,
  uint8: 1,
};

describe("errors of the contracts in plain words", () => {
  for (const error of ERRORS_ABI) {
    it(`${error.name} has a sentence that its arguments fill`, () => {
      const args = error.inputs.map(({ type }) => EXAMPLES[type] ?? 1_700_000_000n);
      const data = encodeErrorResult({ abi: [error], errorName: error.name, args });
      const reverted = new ContractFunctionRevertedError({ abi: [], data, functionName: "join" });
      const message = explainRevert(new BaseError("The call failed", { cause: reverted }))?.message;
      expect(message).to.match(/^[A-Z\d].*[.]$/);
      expect(message).to.not.match(/undefined|NaN|Invalid Date|unknown \(/);
      expect(message, "more than its name").to.not.contain(error.name);
    });
  }

  it("no sentence is left of an error that no contract has any more", () => {
    const names = ERRORS_ABI.map(({ name }) => name);
    expect(Object.keys(ERROR_WORDS).filter((name) => !names.includes(name))).to.deep.equal([]);
  });

  it("a reason in text is passed on, an error of somebody else's contract is told by its selector", () => {
    const explain = (data: `0x${string}`): string | undefined =>
      explainRevert(
        new BaseError("The call failed", {
          cause: new ContractFunctionRevertedError({ abi: [], data, functionName: "join" }),
        }),
      )?.message;
    const reason = encodeErrorResult({
      abi: [{ type: "error", name: "Error", inputs: [{ type: "string", name: "reason" }] }],
      args: ["paused"],
    });
    expect(explain(reason)).to.contain("paused");
    expect(explain("0xdeadbeef")).to.contain("0xdeadbeef");
    // Without data it is none of the contract’s words: endpoints that lag say so too.
    expect(explain("0x")).to.contain("gives no reason of the contract’s");
  });

  it("an empty account is told that gas is missing, and what is no refusal is left to others", () => {
    const poor = new BaseError("The call failed", { cause: new InsufficientFundsError() });
    expect(explainRevert(poor)?.message).to.equal("Your account cannot pay for the gas.");
    expect(explainRevert(new BaseError("The endpoint is down"))).to.equal(undefined);
  });
});
