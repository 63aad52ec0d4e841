import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { id } from "ethers";
import { BlockFolder } from "#store/blocks/blockFolder";
import { serveGateway, type Gateway } from "#store/gateway/gatewayServer";
import { gatewayAddress } from "#protocol/endpoints/endpoints";
import {
  AGGREGATION_PATH,
  REFUSALS,
  aggregationResponse,
  type AttestRequest,
} from "#node/rounds/aggregationMessages";
import { AggregationSessions, attemptKey } from "#node/rounds/aggregationSessions";
import { askCommittee } from "#node/rounds/askCommittee";

const request: AttestRequest = {
  kind: "attest",
  taskId: 1,
  round: 2,
  retry: 0,
  attempt: 0,
  base: id("base"),
  rank: 0,
  digest: id("w"),
  accepted: [1, 2],
  rejected: [3],
  signature: `0x${"11".repeat(65)}`,
};
const signed = { kind: "signed", signature: `0x${"22".repeat(65)}` } as const;

describe("Messages between committee members", () => {
  const sessions = new AggregationSessions();
  const { signal } = new AbortController();
  let folder: string;
  let gateway: Gateway;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "concordat-gateway-"));
    const holder = await BlockFolder.open(folder);
    gateway = await serveGateway(holder, { host: "127.0.0.1", port: 0 }, { routes: [sessions.route] });
  });
  after(async () => {
    await gateway.close();
    await rm(folder, { recursive: true, force: true });
  });
  const endpoints = () => gatewayAddress(gateway.address);
  const post = async (body: string): Promise<number> => {
    const { host, port } = gateway.address;
    return (await fetch(`http://${host}:${port}${AGGREGATION_PATH}`, { method: "POST", body })).status;
  };

  it("wait for a node that reaches the attempt a moment later", async () => {
    const asked = askCommittee(endpoints(), request, signal);
    const session = { key: attemptKey(request), answer: async () => signed };
    sessions.add(session);
    expect(await asked).to.deep.equal(signed);
    sessions.remove(session);
  });

  it("are refused when malformed, unknown or oversized", async () => {
    expect(await post("{")).to.equal(400);
    expect(await post(JSON.stringify({ ...request, rank: -1 }))).to.equal(400);
    expect(await post(JSON.stringify({ ...request, more: 1 }))).to.equal(400);
    expect(await post(`"${"x".repeat(70_000)}"`)).to.equal(413);
  });

  it("carry no text of the asked node: a refusal is one of a closed set of reasons", () => {
    for (const reason of Object.keys(REFUSALS))
      expect(aggregationResponse.parse({ kind: "refused", reason })).to.deep.equal({
        kind: "refused",
        reason,
      });
    const text = "server response 503 (requestUrl=https://rpc.example/v2/KEY)";
    expect(aggregationResponse.safeParse({ kind: "refused", reason: text }).success).to.equal(false);
    expect(aggregationResponse.safeParse({ kind: "refused", reason: "failed", text }).success).to.equal(
      false,
    );
  });

  it("make no sense of an answer that is none, nor of a peer that is gone", async () => {
    const session = { key: attemptKey(request), answer: async () => ({ kind: "nonsense" }) as never };
    sessions.add(session);
    expect(await askCommittee(endpoints(), request, signal)).to.equal(undefined);
    sessions.remove(session);
    expect(await askCommittee("/ip4/127.0.0.1/tcp/1/http", request, signal)).to.equal(undefined);
  });
});
