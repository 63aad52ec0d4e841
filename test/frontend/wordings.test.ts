import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { expect } from "chai";
import { createPublicClient, http, type PublicClient } from "viem";
import { explainError } from "#frontend/app/explainError.ts";
import { isFinalAnswer } from "#frontend/chain/endpointFailure.ts";
import { mayAnswerLess } from "#frontend/chain/refusedAnswer.ts";
import { callAbi } from "#frontend/transactions/contractAbi.ts";
import { WORDINGS, type AnswerClass, type Wording } from "../quirks/wordings.ts";

/** What a reader is told of each kind of answer. */
const SENTENCES: Readonly<Record<AnswerClass, RegExp>> = {
  reverted: /^(?!.*(endpoint|network)).*\.$/,
  bareRevert: /^The endpoint says that this would fail, but gives no reason of the contract’s/,
  rateLimited: /limits how often it may be asked\.$/,
  unavailable: /^The network’s endpoint (is not working right now|does not answer)\.$/,
  behind: /does not have this block yet\.$/,
  pruned: /has forgotten such an old state of the chain\.$/,
  tooLarge: /does not answer for that much at once\.$/,
  indexing: /is still reading the chain itself\.$/,
  batchRefused: /does not accept several requests at once\.$/,
  unsupported: /does not know what the page asks\.$/,
  unauthorised: /does not serve this page\.$/,
  alreadyKnown: /already has this transaction\.$/,
  nonceTooLow: /has taken this one’s number\.$/,
  nonceTooHigh: /An earlier transaction of your account is missing\.$/,
  poolFull: /is not accepting more transactions right now\.$/,
  underpriced: /The fee that your wallet offers is too low\.$/,
  insufficientFunds: /^Your account cannot pay for the gas\.$/,
  gasTooLow: /^The gas limit is too low\.$/,
  gasTooHigh: /more gas than the network allows one transaction\.$/,
  rejected: /refuses this transaction\.$/,
};
/** What asking again would not change. */
const FINAL: readonly AnswerClass[] = ["reverted", "insufficientFunds"];
/** Where the page asks for fewer blocks. */
const LESS: readonly AnswerClass[] = ["tooLarge", "unavailable", "bareRevert"];
/** A call as the page sends it. */
const CALL = {
  address: `0x${"11".repeat(20)}`,
  abi: callAbi("NodeRegistry"),
  functionName: "vote",
  args: [1n, true],
  account: `0x${"22".repeat(20)}`,
} as const;

/** Every wording is sent as its client sends it, over HTTP, and told as the page tells it. */
describe("what the page tells of an endpoint's words", () => {
  let server: Server;
  let client: PublicClient;
  let wording: Wording | undefined;

  before(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { error, body, httpStatus = 200, headers = {}, expected } = wording ?? {};
        response.writeHead(httpStatus, headers);
        if (error === undefined) return response.end(body);
        const asked = JSON.parse(Buffer.concat(chunks).toString()) as { id: number } | { id: number }[];
        const answer = (id: number) => ({ jsonrpc: "2.0", id, error });
        // A batch is answered one by one, but where it is the batch that is refused.
        return response.end(
          JSON.stringify(
            Array.isArray(asked) && expected !== "batchRefused"
              ? asked.map(({ id }) => answer(id))
              : answer(1),
          ),
        );
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    // As the page's, but without attempts of its own.
    client = createPublicClient({ transport: http(url, { batch: { wait: 1 }, retryCount: 0 }) });
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  for (const [i, row] of WORDINGS.entries()) {
    const { client: name, method, expected, error, body, httpStatus } = row;
    const words = error?.message ?? body ?? "";
    it(`${expected}: ${name} ${method} ${httpStatus ?? ""} ${JSON.stringify(words).slice(0, 110)} (${i})`, async () => {
      wording = row;
      const failure = await ask(method).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      expect(failure).to.be.instanceOf(Error);
      const { message, hint } = explainError(failure);
      expect(message).to.match(SENTENCES[expected]);
      expect(hint).to.match(/^[A-Z].*\.$/);
      expect(isFinalAnswer(failure), "asking again would not change it").to.equal(FINAL.includes(expected));
      expect(mayAnswerLess(failure), "fewer blocks may be answered").to.equal(LESS.includes(expected));
    });
  }

  /** Asks as the page does. */
  async function ask(method: string): Promise<unknown> {
    switch (method) {
      case "eth_call":
        return client.simulateContract(CALL);
      case "eth_estimateGas":
        return client.estimateContractGas(CALL);
      default:
        return client.request({ method, params: [] } as unknown as Parameters<PublicClient["request"]>[0]);
    }
  }
});
