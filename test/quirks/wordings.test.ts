import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { expect } from "chai";
import { classifyAnswer } from "#chain/endpoints/classifyAnswer";
import type { Endpoint } from "#chain/endpoints/endpoint";
import { httpEndpoint } from "#chain/endpoints/httpEndpoint";
import { WORDINGS, type Wording } from "./wordings.ts";

/** Every wording is sent as its client sends it, over HTTP, and read as the product reads it. */
describe("What an endpoint's words mean", () => {
  let server: Server;
  let endpoint: Endpoint;
  let wording: Wording | undefined;

  before(async () => {
    server = createServer((request, response) => {
      request.resume().on("end", () => {
        const { error, body, httpStatus = 200, headers = {} } = wording ?? {};
        response.writeHead(httpStatus, headers);
        response.end(error === undefined ? body : JSON.stringify({ jsonrpc: "2.0", id: 1, error }));
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    endpoint = httpEndpoint(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
  });
  after(() => {
    endpoint.close();
    server.closeAllConnections();
    server.close();
  });

  for (const [i, row] of WORDINGS.entries()) {
    const { client, method, expected, error, body, httpStatus } = row;
    const words = error?.message ?? body ?? "";
    it(`${expected}: ${client} ${method} ${httpStatus ?? ""} ${JSON.stringify(words).slice(0, 110)} (${i})`, async () => {
      wording = row;
      const answer = await endpoint.ask(method, [], new AbortController().signal);
      // What is no JSON-RPC says only that the endpoint does not work.
      const found = answer.kind === "refused" ? classifyAnswer(answer.refused) : "unavailable";
      expect(answer.kind).to.not.equal("result");
      expect(found).to.equal(expected);
    });
  }
});
