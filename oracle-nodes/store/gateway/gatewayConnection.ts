import { connect } from "node:net";
import type { Socket } from "node:net";
import type { BlockSink } from "../blocks/blockSink.ts";

/** Bytes of an answer's status line and headers at most. */
const MAX_HEAD_BYTES = 8192;
const HEAD_END = "\r\n\r\n";

/** The length of the answer is told in another way than by Content-Length, which is left to node:http. */
export class UnusualAnswerError extends Error {}

/** A kept connection was closed before it answered: another one may serve. */
export class StaleConnectionError extends Error {}

/** A request whose answer is awaited. */
interface Exchange {
  readonly sink: BlockSink;
  /** Bytes of the body that are still to come; undefined while the head of the answer is read. */
  left: number | undefined;
  /** Whether the connection serves once more after this answer. */
  isKept: boolean;
  readonly resolve: (status: number) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * A kept HTTP/1.1 connection to a gateway, for one GET after another. The bytes of a block go from the kernel straight to
 * their place in the artifact, where node:http allocates a chunk of 64 KiB for each read: to copy and collect those costs
 * several times what receiving does.
 */
export class GatewayConnection {
  readonly #host: string;
  readonly #socket: Socket;
  readonly #head = Buffer.allocUnsafeSlow(MAX_HEAD_BYTES);
  #headLength = 0;
  #exchange: Exchange | undefined;
  #hasAnswered = false;

  /** Starts to connect. */
  constructor({ hostname, port, host }: URL, onClose: () => void) {
    this.#host = host;
    this.#socket = connect({
      host: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port || 80),
      noDelay: true,
      onread: { buffer: () => this.#room(), callback: (length) => this.#receive(length) },
    });
    this.#socket.on("error", (error) => this.#lose(error));
    this.#socket.on("close", () => {
      this.#lose(new Error("the connection was closed"));
      onClose();
    });
  }

  /** Whether it can be used once more. */
  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /**
   * Gets a path, one at a time, and writes the body into the sink if the status is 200.
   * @returns the status.
   * @throws {UnusualAnswerError} | {@link StaleConnectionError} | the signal's reason | any other error where the
   * connection fails, or the answer is not HTTP or has more bytes than the sink takes. The connection is then closed.
   */
  async get(path: string, sink: BlockSink, signal: AbortSignal): Promise<number> {
    const abort = (): void => this.#fail(signal.reason);
    signal.addEventListener("abort", abort);
    this.#socket.ref();
    try {
      return await new Promise<number>((resolve, reject) => {
        this.#exchange = { sink, left: undefined, isKept: false, resolve, reject };
        const head = [`GET ${path} HTTP/1.1`, `Host: ${this.#host}`, "Accept: application/vnd.ipld.raw"];
        if (signal.aborted) abort();
        else this.#socket.write(head.join("\r\n") + HEAD_END, "latin1");
      });
    } finally {
      signal.removeEventListener("abort", abort);
      this.#socket.unref();
    }
  }

  /** Where the socket puts what it reads next. */
  #room(): Uint8Array {
    const { sink, left } = this.#exchange ?? {};
    if (sink === undefined || left === undefined) return this.#head.subarray(this.#headLength);
    return sink.space.subarray(0, left);
  }

  /** Takes note of the bytes that the socket has put into {@link #room}; false stops it. */
  #receive(length: number): boolean {
    try {
      const exchange = this.#exchange;
      if (exchange === undefined) throw new Error("the gateway sends data without being asked");
      if (exchange.left === undefined) this.#receiveHead(exchange, length);
      else {
        exchange.sink.filled(length);
        exchange.left -= length;
      }
      if (exchange.left === 0) this.#succeed(exchange, 200);
    } catch (error) {
      this.#fail(error);
    }
    return this.isOpen;
  }

  #receiveHead(exchange: Exchange, length: number): void {
    this.#headLength += length;
    const received = this.#head.subarray(0, this.#headLength);
    const end = received.indexOf(HEAD_END, 0, "latin1");
    if (end < 0) {
      if (received.length < MAX_HEAD_BYTES) return;
      throw new Error(`the answer's head has more than ${MAX_HEAD_BYTES} bytes`);
    }
    const head = parseHead(received.toString("latin1", 0, end));
    const body = received.subarray(end + HEAD_END.length);
    this.#headLength = 0;
    if (head.status === 200) {
      if (head.bytes === undefined) throw new UnusualAnswerError("no Content-Length");
      const { length: space } = exchange.sink.space;
      if (head.bytes > space) throw new Error(`the block has more than ${space} bytes`);
      if (body.length > head.bytes) throw new Error("the answer is longer than it says");
      exchange.sink.write(body);
      exchange.left = head.bytes - body.length;
      exchange.isKept = head.isKept;
    } else {
      exchange.isKept = head.isKept && head.bytes === 0 && body.length === 0;
      this.#succeed(exchange, head.status);
    }
  }

  #succeed({ isKept, resolve }: Exchange, status: number): void {
    this.#exchange = undefined;
    this.#hasAnswered = true;
    if (!isKept) this.#socket.destroy();
    resolve(status);
  }

  #lose(cause: Error): void {
    const isStale = this.#hasAnswered && this.#headLength === 0 && this.#exchange?.left === undefined;
    this.#fail(isStale ? new StaleConnectionError("the connection was closed meanwhile", { cause }) : cause);
  }

  /** Closes the connection at once: nothing is written to the sink any more. */
  #fail(reason: unknown): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#socket.destroy();
    exchange?.reject(reason);
  }
}

/** Reads a status line and headers. */
function parseHead(text: string): { status: number; bytes: number | undefined; isKept: boolean } {
  const [first = "", ...lines] = text.split("\r\n");
  const [, version, status] = /^HTTP\/1\.([01]) ([2-5]\d\d)(?: |$)/.exec(first) ?? [];
  if (status === undefined) throw new Error("the answer is not HTTP");
  const valuesOf = (name: string): string[] =>
    lines
      .filter((line) => line.slice(0, line.indexOf(":")).toLowerCase() === name)
      .map((line) => line.slice(name.length + 1).trim());
  const lengths = valuesOf("content-length");
  const isPlain =
    lengths.length === 1 && /^\d{1,15}$/.test(lengths[0] ?? "") && valuesOf("transfer-encoding").length === 0;
  const isClosed = valuesOf("connection").some((value) => value.toLowerCase() !== "keep-alive");
  return {
    status: Number(status),
    bytes: isPlain ? Number(lengths[0]) : undefined,
    isKept: version === "1" && !isClosed,
  };
}
