import type { Interface, LogDescription, TransactionReceipt } from "ethers";

/** The arguments of an event that a transaction emitted, or undefined where it did not. */
export function receiptEvent(
  receipt: TransactionReceipt,
  abi: Pick<Interface, "parseLog">,
  name: string,
): LogDescription["args"] | undefined {
  for (const log of receipt.logs) {
    const event = abi.parseLog(log);
    if (event?.name === name) return event.args;
  }
  return undefined;
}
