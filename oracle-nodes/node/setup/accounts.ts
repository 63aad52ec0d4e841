import type { Logger } from "pino";
import type { NodeId } from "@concordat/protocol/ids";
import type { ChainGateway } from "@concordat/chain/contracts/chainGateway";
import type { AccountStatus, GasStatus } from "../status/nodeStatus.ts";

/** What one submission uses at most under the rules that are known (DESIGN.md section 11). */
const GAS_PER_SUBMISSION = 310_000n;
/** Submissions that the signer must be able to pay, or its operator is warned: about ten rounds. */
export const LEAST_SUBMISSIONS = 50;
/** Wei a gas where an endpoint suggests no tip. */
const DEFAULT_TIP = 1_000_000_000n;

/** What the node's accounts hold, as read last. */
export interface Accounts {
  readonly signer: AccountStatus;
  readonly operator?: AccountStatus;
  readonly gas: GasStatus;
}

/** How many submissions a balance pays at these fees, in wei a gas; without bound where gas is free. */
export function submissionsLeft(balance: bigint, feePerGas: bigint): number {
  if (feePerGas === 0n) return Number.MAX_SAFE_INTEGER;
  const count = balance / (GAS_PER_SUBMISSION * feePerGas);
  return count > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(count);
}

/** Reads what signer and operator hold, and warns once when the signer can soon pay for no gas any more. */
export class AccountReader {
  readonly #chain: ChainGateway;
  readonly #nodeId: NodeId;
  readonly #signer: string;
  readonly #logger: Logger;
  #isLow = false;

  constructor(chain: ChainGateway, nodeId: NodeId, signer: string, logger: Logger) {
    this.#chain = chain;
    this.#nodeId = nodeId;
    this.#signer = signer;
    this.#logger = logger;
  }

  /** @throws {EndpointError} when the endpoint does not answer. */
  async read(): Promise<Accounts> {
    const { provider, heads } = this.#chain;
    const { operator } = await this.#chain.node(this.#nodeId);
    const isOne = operator.toLowerCase() === this.#signer.toLowerCase();
    const [own, operators, tip] = await Promise.all([
      provider.getBalance(this.#signer),
      isOne ? undefined : provider.getBalance(operator),
      provider.send("eth_maxPriorityFeePerGas", []).then(
        (value) => BigInt(String(value)),
        () => DEFAULT_TIP,
      ),
    ]);
    const readAt = new Date().toISOString();
    const left = submissionsLeft(own, heads.head.baseFeePerGas + tip);
    this.#warn(left, own);
    return {
      signer: { address: this.#signer, balanceWei: String(own), readAt },
      ...(operators !== undefined && {
        operator: { address: operator, balanceWei: String(operators), readAt },
      }),
      gas: { submissionsLeft: left, isLow: left < LEAST_SUBMISSIONS },
    };
  }

  #warn(left: number, balance: bigint): void {
    const isLow = left < LEAST_SUBMISSIONS;
    if (isLow && !this.#isLow)
      this.#logger.warn(
        { signer: this.#signer, balanceWei: String(balance), submissionsLeft: left },
        "the signer's gas is low: send it some of the chain's currency",
      );
    else if (!isLow && this.#isLow)
      this.#logger.info({ signer: this.#signer, submissionsLeft: left }, "the signer has gas again");
    this.#isLow = isLow;
  }
}
