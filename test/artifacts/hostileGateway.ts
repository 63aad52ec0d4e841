import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";

/** A gateway that answers as a test wants. */
export interface HostileGateway {
  /** Its endpoint string. */
  readonly endpoint: string;
  /** Origin of its URLs. */
  readonly origin: string;
  /** CIDs asked for, in order. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** Starts a gateway on loopback that hands each request's CID to `answer`. */
export async function hostileGateway(
  answer: (cid: string, response: ServerResponse) => void,
): Promise<HostileGateway> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const [, cid = ""] = /^\/ipfs\/(\w+)\?format=raw$/.exec(request.url ?? "") ?? [];
    asked.push(cid);
    answer(cid, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    endpoint: `/ip4/127.0.0.1/tcp/${port}/http`,
    origin: `http://127.0.0.1:${port}`,
    asked,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
