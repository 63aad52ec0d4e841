import { readAnswer, type Endpoint, type EndpointAnswer } from "./endpoint.ts";
import { endpointName, secretRemover } from "./endpointName.ts";

/** Milliseconds for one answer, and for a connection to be made. */
const REQUEST_TIMEOUT_MS = 20_000;

type Settle = (answer: EndpointAnswer) => void;

/** An endpoint over one WebSocket, which is made anew when it broke, and which announces new heads. */
export function webSocketEndpoint(url: string): Endpoint {
  const clean = secretRemover(url);
  const waiting = new Map<number, { readonly method: string; readonly settle: Settle }>();
  const listeners = new Set<() => void>();
  let connection: Promise<WebSocket | undefined> | undefined;
  let isClosed = false;
  let id = 0;

  const failAll = (reason: string): void => {
    for (const { settle } of waiting.values()) settle({ kind: "silent", reason });
    waiting.clear();
  };
  const connect = async (): Promise<WebSocket | undefined> => {
    const { promise, resolve } = Promise.withResolvers<WebSocket | undefined>();
    const socket = new WebSocket(url);
    const timer = setTimeout(() => socket.close(), REQUEST_TIMEOUT_MS);
    socket.addEventListener("open", () => {
      clearTimeout(timer);
      resolve(socket);
      if (listeners.size > 0) subscribe(socket);
    });
    socket.addEventListener("message", ({ data }) => receive(String(data)));
    socket.addEventListener("error", () => resolve(undefined));
    socket.addEventListener("close", () => {
      clearTimeout(timer);
      connection = undefined;
      resolve(undefined);
      failAll("the connection broke");
    });
    return promise;
  };
  const subscribe = (socket: WebSocket): void =>
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: ++id, method: "eth_subscribe", params: ["newHeads"] }));
  const receive = (text: string): void => {
    let message: { id?: number; method?: string };
    try {
      message = JSON.parse(text) as typeof message;
    } catch {
      return;
    }
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
      const socket = await connection;
      signal.throwIfAborted();
      if (socket === undefined) return { kind: "silent", reason: "no connection" };
      const number = ++id;
      const { promise, resolve, reject } = Promise.withResolvers<EndpointAnswer>();
      const timer = setTimeout(
        () => resolve({ kind: "silent", reason: `no answer within ${REQUEST_TIMEOUT_MS / 1000} s` }),
        REQUEST_TIMEOUT_MS,
      );
      const abort = (): void => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      waiting.set(number, { method, settle: resolve });
      try {
        socket.send(JSON.stringify({ jsonrpc: "2.0", id: number, method, params }));
        return await promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(number);
        signal.removeEventListener("abort", abort);
      }
    },
    onHead: (listener) => {
      listeners.add(listener);
      if (listeners.size === 1) void connection?.then((socket) => socket && subscribe(socket));
    },
    close: () => {
      isClosed = true;
      void connection?.then((socket) => socket?.close());
      failAll("it was closed");
    },
  };
}
