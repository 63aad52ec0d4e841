import type { ContractTransactionResponse } from "ethers";

/** Gas of whole transactions by what they did: "Contract.function: under which circumstances". */
export type GasOfActions = Record<string, number>;

/** Writes down the gas of each transaction that it is given. */
export class GasRecorder {
  readonly gas: GasOfActions = {};

  /** Notes the gas of a transaction that must succeed, under a name that no other has. */
  async record(action: string, sent: Promise<ContractTransactionResponse>): Promise<void> {
    if (action in this.gas) throw new Error(`Two actions are called "${action}"`);
    const receipt = await (await sent).wait();
    if (receipt === null) throw new Error(`${action} was not mined`);
    this.gas[action] = Number(receipt.gasUsed);
  }
}
