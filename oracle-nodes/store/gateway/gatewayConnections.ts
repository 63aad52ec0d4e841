import PQueue from "p-queue";
import type { BlockSink } from "../blocks/blockSink.ts";
import { GatewayConnection, StaleConnectionError } from "./gatewayConnection.ts";

/** Requests to one gateway at once: several, since an artifact's leaves are fetched side by side. */
const PER_GATEWAY = 8;
/** Requests to all gateways together. */
const all = new PQueue({ concurrency: 256 });

/** The connections to one gateway. */
interface Line {
  readonly requests: PQueue;
  /** Open, and kept for the next request. */
  readonly idle: Set<GatewayConnection>;
}

/** By origin. */
const lines = new Map<string, Line>();

/** As {@link GatewayConnection.get}, on a connection that is then kept until the gateway closes it. */
export async function getFromGateway(
  gateway: URL,
  path: string,
  sink: BlockSink,
  signal: AbortSignal,
): Promise<number> {
  const line = lines.get(gateway.origin) ?? openLine(gateway);
  return line.requests.add(async () =>
    all.add(async () => {
      for (;;) {
        const connection = take(gateway, line);
        try {
          const status = await connection.get(path, sink, signal);
          if (connection.isOpen) line.idle.add(connection);
          return status;
        } catch (error) {
          if (!(error instanceof StaleConnectionError)) throw error;
        }
      }
    }),
  );
}

function openLine(gateway: URL): Line {
  for (const [origin, { requests, idle }] of lines)
    if (idle.size + requests.size + requests.pending === 0) lines.delete(origin);
  const line = { requests: new PQueue({ concurrency: PER_GATEWAY }), idle: new Set<GatewayConnection>() };
  lines.set(gateway.origin, line);
  return line;
}

function take(gateway: URL, { idle }: Line): GatewayConnection {
  for (const kept of idle) {
    idle.delete(kept);
    if (kept.isOpen) return kept;
  }
  const connection: GatewayConnection = new GatewayConnection(gateway, () => idle.delete(connection));
  return connection;
}
