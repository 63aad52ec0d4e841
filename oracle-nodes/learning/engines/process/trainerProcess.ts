import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { z } from "zod";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import { lineSchema, type Progress, type TrainerLine } from "./trainerProtocol.ts";
import type { TrainerCommand } from "./trainerCommand.ts";

/** What is asked of the program, besides `id`. */
export interface TrainerRequest {
  readonly command: "hello" | "load" | "train" | "evaluate";
  readonly [argument: string]: unknown;
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Bytes of one line from the program at most. */
const MAX_LINE_BYTES = 64 * 1024;

/** Characters of the program's error output that an error may quote. */
const QUOTED = 300;

/** Milliseconds in which a program ends, or answers to `abort`, before it is killed. */
const GRACE_MS = 2000;

/** The command that is being worked on. */
interface Pending {
  readonly id: number;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly resolve: (done: unknown) => void;
  readonly reject: (error: Error) => void;
  /** Whether nobody waits for it any more. */
  isAborted: boolean;
}

/**
 * A running training program: one JSON line to it for each command, JSON lines back. Anything that is not of the protocol,
 * a long line, a long silence or its end fails the command with one error and ends the program. It never outlives this
 * process, unless this process is killed: then its standard input ends, at which it should.
 */
export class TrainerProcess {
  readonly #command: TrainerCommand;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #onExit = (): void => this.#kill();
  #line: Buffer[] = [];
  #lineBytes = 0;
  #errors = "";
  #pending: Pending | undefined;
  #silence: NodeJS.Timeout | undefined;
  /** Resolves when the command that was aborted has ended. */
  #idle: Promise<unknown> = Promise.resolve();
  #lastId = 0;
  #failure: Error | undefined;

  constructor(command: TrainerCommand) {
    this.#command = command;
    // A group of its own, so that a script's children end with it; and none of this node's secrets.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([key]) => !key.startsWith("CONCORDAT_")),
    );
    const grouped = process.platform !== "win32";
    const { dir: cwd, args } = command;
    const child = spawn(command.command, args, { stdio: "pipe", env, cwd, detached: grouped });
    this.#child = child;
    process.once("exit", this.#onExit);
    child.stdout.on("data", (bytes: Buffer) => this.#read(bytes));
    child.stderr.on("data", (bytes: Buffer) => {
      this.#errors = (this.#errors + bytes.toString("utf8")).slice(-4 * QUOTED);
    });
    child.stdin.on("error", () => undefined);
    child.on("error", (cause) => this.#fail(cannotStart(command, cause)));
    child.on("close", (code, signal) => {
      process.off("exit", this.#onExit);
      this.#fail(this.#problem(`ended with ${signal ?? `code ${code}`} before it was done`));
    });
  }

  /** Resolves when it works on nothing any more: an aborted command has ended, or the program with it. */
  async settled(): Promise<void> {
    await this.#idle;
  }

  /** Whether it can take no more commands. */
  get isOver(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Sends a command when the one before has ended, and waits for its end.
   * @throws {ConcordatError} when the program refuses, fails, or says what is not of the protocol; the signal's reason.
   */
  async request<T>(
    request: TrainerRequest,
    schema: z.ZodType<T>,
    { signal, onProgress }: RequestOptions = {},
  ): Promise<T> {
    await this.#idle;
    signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    const id = ++this.#lastId;
    const ended = new Promise<unknown>((resolve, reject) => {
      this.#pending = { id, onProgress, resolve, reject, isAborted: false };
    });
    this.#idle = ended.catch(() => undefined);
    this.#send({ id, ...request });
    this.#restartClock(this.#command.timeoutSeconds * 1000);
    const done = await unlessAborted(ended, signal, () => {
      if (this.#pending?.id !== id) return;
      this.#pending.isAborted = true;
      this.#send({ id, command: "abort" });
      this.#restartClock(GRACE_MS);
    });
    const answer = schema.safeParse(done);
    if (answer.success) return answer.data;
    const { path = [], message = "" } = answer.error.issues[0] ?? {};
    throw this.#fail(this.#problem(`answered ${request.command} wrongly: ${path.join(".")} ${message}`));
  }

  /** Ends the program: by the end of its input, or by force if that takes long. */
  end(): void {
    this.#fail(new ConcordatError(`The trainer ${this.#command.command} was stopped`));
  }

  #send(message: object): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  #read(bytes: Buffer): void {
    if (this.isOver) return;
    let begin = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, begin)) {
      this.#line.push(bytes.subarray(begin, end));
      const line = Buffer.concat(this.#line).toString("utf8");
      this.#line = [];
      this.#lineBytes = 0;
      begin = end + 1;
      if (line.trim() !== "") this.#take(line);
      if (this.isOver) return;
    }
    this.#line.push(bytes.subarray(begin));
    this.#lineBytes += bytes.length - begin;
    if (this.#lineBytes > MAX_LINE_BYTES)
      this.#fail(this.#problem(`wrote a line of over ${MAX_LINE_BYTES} bytes`));
  }

  #take(text: string): void {
    const line = parseLine(text);
    const pending = this.#pending;
    if (line === undefined || pending === undefined || line.id !== pending.id) {
      const said = JSON.stringify(text.slice(0, 80));
      this.#fail(this.#problem(`wrote something outside the protocol to its standard output: ${said}`));
      return;
    }
    if ("progress" in line) {
      if (pending.isAborted) return;
      this.#restartClock(this.#command.timeoutSeconds * 1000);
      pending.onProgress?.(line.progress);
      return;
    }
    clearTimeout(this.#silence);
    this.#pending = undefined;
    if ("done" in line) pending.resolve(line.done);
    else {
      const why = line.error.replace(/\s+/g, " ").slice(0, QUOTED);
      pending.reject(new ConcordatError(`The trainer failed: ${why}`));
    }
  }

  #restartClock(milliseconds: number): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(
      () => this.#fail(this.#problem(`said nothing for ${milliseconds / 1000} s`)),
      milliseconds,
    );
  }

  /** Fails what is pending and all that follows, and ends the program. Only the first failure counts. */
  #fail(error: Error): Error {
    if (this.#failure !== undefined) return this.#failure;
    this.#failure = error;
    clearTimeout(this.#silence);
    this.#pending?.reject(error);
    this.#pending = undefined;
    this.#child.stdin.end();
    const deadline = setTimeout(this.#onExit, GRACE_MS).unref();
    this.#child.once("close", () => clearTimeout(deadline));
    return error;
  }

  #kill(): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    try {
      process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
    } catch {
      this.#child.kill("SIGKILL");
    }
  }

  #problem(what: string): ConcordatError {
    const last = this.#errors.trim().split("\n").at(-1)?.slice(-QUOTED);
    const { command } = this.#command;
    return new ConcordatError(`The trainer ${command} ${what}${last ? `; its last words: ${last}` : ""}`, {
      hint: "Run it by hand to see what is wrong; docs/process-trainer.md says what it has to do",
    });
  }
}

/** The value, or the signal's reason if that comes first; then `abort` is called and the value is left to itself. */
async function unlessAborted<T>(
  value: Promise<T>,
  signal: AbortSignal | undefined,
  abort: () => void,
): Promise<T> {
  if (signal === undefined) return value;
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => {
      abort();
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([value, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function parseLine(text: string): TrainerLine | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function cannotStart({ command }: TrainerCommand, cause: Error): InputError {
  return new InputError(`The trainer ${command} cannot be started: ${cause.message}`, {
    hint: "Correct engine.process.command in node.yaml",
    cause,
  });
}
