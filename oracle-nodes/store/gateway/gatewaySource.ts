import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { CID } from "multiformats/cid";
import type { BlockSink } from "../blocks/blockSink.ts";
import { BlockNotHeldError } from "../blocks/blockSource.ts";
import type { BlockRequest, BlockSource } from "../blocks/blockSource.ts";
import { UnusualAnswerError } from "./gatewayConnection.ts";
import { getFromGateway } from "./gatewayConnections.ts";

/** Milliseconds to wait when a gateway says that it is asked too often. */
const BUSY_PAUSE_MS = 250;
/** Connections are kept for the next block; several to one gateway, since an artifact's leaves are fetched side by side. */
const CONNECTIONS = { keepAlive: true, maxSockets: 8, maxTotalSockets: 256 };
const HTTP = new HttpAgent(CONNECTIONS);
const HTTPS = new HttpsAgent(CONNECTIONS);

/**
 * Reads blocks from a trustless HTTP gateway: nothing but GET /ipfs/CID?format=raw goes to the given host and port, and
 * redirects are refused, so an endpoint in the registry cannot steer a node elsewhere.
 */
export function gatewaySource(gateway: URL, provider: string): BlockSource {
  return { name: gateway.origin, provider, read: async (cid, request) => readBlock(gateway, cid, request) };
}

async function readBlock(gateway: URL, cid: CID, { sink, signal }: BlockRequest): Promise<void> {
  for (;;) {
    const status = await get(gateway, `/ipfs/${cid}?format=raw`, sink, signal);
    if (status === 200) return;
    if (status === 404) throw new BlockNotHeldError(`block ${cid} is not there`);
    if (status !== 429) throw new Error(`HTTP status ${status} for block ${cid}`);
    await pause(BUSY_PAUSE_MS, undefined, { signal });
  }
}

/** Gets a path, the body into the sink if the status is 200, which is returned. */
async function get(gateway: URL, path: string, sink: BlockSink, signal: AbortSignal): Promise<number> {
  if (gateway.protocol === "http:") {
    try {
      return await getFromGateway(gateway, path, sink, signal);
    } catch (error) {
      if (!(error instanceof UnusualAnswerError)) throw error;
    }
  }
  const response = await respond(new URL(path, gateway), signal);
  // What the sink refuses ends the loop, which destroys the response and its connection.
  if (response.statusCode === 200)
    for await (const part of response as AsyncIterable<Uint8Array>) sink.write(part);
  else response.destroy();
  return response.statusCode ?? 0;
}

/** Asks once, and once more where a kept connection turns out to have been closed by the other side meanwhile. */
async function respond(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const options = { signal, headers: { accept: "application/vnd.ipld.raw" } };
  for (;;) {
    const request =
      url.protocol === "https:"
        ? httpsRequest(url, { ...options, agent: HTTPS })
        : httpRequest(url, { ...options, agent: HTTP });
    try {
      const responded = once(request, "response");
      request.end();
      const [response] = (await responded) as [IncomingMessage];
      return response;
    } catch (error) {
      const isStale = error instanceof Error && "code" in error && error.code === "ECONNRESET";
      if (!isStale || !request.reusedSocket || signal.aborted) throw error;
    }
  }
}
