import { untilAborted } from "@concordat/protocol/untilAborted";
import { readAnswer, type Endpoint, type EndpointAnswer } from "./endpoint.ts";
import { endpointName, secretRemover } from "./endpointName.ts";

/** Milliseconds for one answer, and for a connection to be made. */
const REQUEST_TIMEOUT_MS = 20_000;

/** One connection, and when something was last heard over it, in milliseconds of the process's clock. */
interface Connection {
  readonly socket: WebSocket;
  /** Undefined where it could not be made. */
  readonly opened: Promise<WebSocket | undefined>;
  heardAt: number;
}

type Settle = (answer: EndpointAnswer) => void;

/** An endpoint over one WebSocket, which is made anew when it broke, and which announces new heads. */
export function webSocketEndpoint(url: string, timeoutMs = REQUEST_TIMEOUT_MS): Endpoint {
  const clean = secretRemover(url);
  // A WebSocket takes no fragment.
  const target = new URL(url);
  target.hash = "";
  const waiting = new Map<number, { readonly method: string; readonly settle: Settle }>();
  const listeners = new Set<() => void>();
  let connection: Connection | undefined;
  let isClosed = false;
  let id = 0;

  const failAll = (reason: string): void => {
    for (const { settle } of waiting.values()) settle({ kind: "silent", reason });
    waiting.clear();
  };
  const connect = (): Connection => {
    const { promise: opened, resolve } = Promise.withResolvers<WebSocket | undefined>();
    const socket = new WebSocket(target);
    const made: Connection = { socket, opened, heardAt: 0 };
    const timer = setTimeout(() => leave(made), timeoutMs);
    socket.addEventListener("open", () => {
      clearTimeout(timer);
      resolve(socket);
      if (listeners.size > 0) subscribe(socket);
    });
    socket.addEventListener("message", ({ data }) => {
      made.heardAt = performance.now();
      receive(String(data));
    });
    socket.addEventListener("error", () => resolve(undefined));
    socket.addEventListener("close", () => {
      clearTimeout(timer);
      resolve(undefined);
      leave(made);
    });
    return made;
  };
  /** Makes way for a new connection: what waits for this one waits in vain. */
  const leave = (made: Connection): void => {
    if (connection === made) {
      connection = undefined;
      failAll("the connection broke");
    }
    made.socket.close();
  };
  const subscribe = (socket: WebSocket): void =>
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: ++id, method: "eth_subscribe", params: ["newHeads"] }));
  const receive = (text: string): void => {
    let message: { id?: number; method?: string } | null;
    try {
      message = JSON.parse(text) as typeof message;
    } catch {
      return;
    }
    if (message === null) return;
    if (message.method === "eth_subscription") for (const listener of listeners) listener();
    const asked = waiting.get(message.id ?? -1);
    if (asked === undefined) return;
    waiting.delete(message.id ?? -1);
    asked.settle(readAnswer(asked.method, message, clean));
  };

  return {
    name: endpointName(url),
    ask: async (method, params, signal) => {
      signal.throwIfAborted();
      if (isClosed) return { kind: "silent", reason: "it was closed" };
      connection ??= connect();
      const used = connection;
      const socket = await untilAborted(used.opened, signal);
      signal.throwIfAborted();
      if (socket === undefined) return { kind: "silent", reason: "no connection" };
      const number = ++id;
      const askedAt = performance.now();
      const { promise, resolve, reject } = Promise.withResolvers<EndpointAnswer>();
      const timer = setTimeout(() => {
        resolve({ kind: "silent", reason: `no answer within ${timeoutMs / 1000} s` });
        // A peer that vanished says nothing at all, and its connection does not end by itself for many minutes.
        if (used.heardAt < askedAt) leave(used);
      }, timeoutMs).unref();
      const abort = (): void => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      waiting.set(number, { method, settle: resolve });
      try {
        socket.send(JSON.stringify({ jsonrpc: "2.0", id: number, method, params }));
        const answer = await promise;
        clearTimeout(timer);
        return answer;
      } finally {
        waiting.delete(number);
        signal.removeEventListener("abort", abort);
      }
    },
    onHead: (listener) => {
      listeners.add(listener);
      if (listeners.size === 1) void connection?.opened.then((socket) => socket && subscribe(socket));
    },
    close: () => {
      isClosed = true;
      connection?.socket.close();
      failAll("it was closed");
    },
  };
}
