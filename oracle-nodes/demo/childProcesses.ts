import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setPriority } from "node:os";
import { ConcordatError } from "@concordat/protocol/errors";
import { ExitCode } from "@concordat/console/exitCode";

/** How long a process may take to stop in order. */
const GRACE_MS = 8000;

/** How a process is started. */
export interface StartOptions {
  readonly name: string;
  /** A script; the `concordat` command where it is not given. */
  readonly program?: string;
  readonly args: readonly string[];
  /** Where its output goes. */
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Lets every other process go first. */
  readonly lowPriority?: boolean;
  /** Called with each message that the process sends over its channel. */
  readonly onMessage?: (message: unknown) => void;
}

/**
 * The processes that this one started. Each holds a channel to this process and stops when it closes, so
 * none outlives a parent that was killed; none outlives an ordinary end either, since the last resort is SIGKILL.
 */
export class ChildProcesses {
  readonly #running = new Map<ChildProcess, string>();
  readonly #command: string;
  #stopping = false;
  readonly #failure = Promise.withResolvers<never>();

  /** @param command The script of the `concordat` command. */
  constructor(command: string) {
    this.#command = command;
    this.#failure.promise.catch(() => undefined);
    process.on("exit", this.#kill);
  }

  /** Rejects when a process ends by itself with an error. */
  get failure(): Promise<never> {
    return this.#failure.promise;
  }

  /** Starts a process. The promise resolves when it ends by itself with exit code 0, and never if it fails. */
  start(options: StartOptions): Promise<void> {
    const log = openSync(options.logFile, "a");
    const child = spawn(process.execPath, [options.program ?? this.#command, ...options.args], {
      stdio: ["ignore", log, log, "ipc"],
      env: { ...process.env, NO_COLOR: "1", ...options.env },
    });
    closeSync(log);
    this.#running.set(child, options.name);
    if (options.onMessage) child.on("message", options.onMessage);
    if (options.lowPriority && child.pid !== undefined) setPriority(child.pid, 19);
    const { promise, resolve } = Promise.withResolvers<void>();
    child.once("error", (cause) => this.#failure.reject(cause));
    child.once("exit", (code, signal) => {
      this.#running.delete(child);
      // Ctrl-C at a terminal reaches all processes at once: this one is about to stop too.
      const isInterrupted = signal === "SIGINT" || code === ExitCode.Interrupted;
      if (code === 0) resolve();
      else if (!this.#stopping && !isInterrupted) void this.#report(options, code, signal);
    });
    return promise;
  }

  /** Ends all processes: in order, and by force those that take too long. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const ends = [...this.#running.keys()].map((child) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      child.once("exit", () => resolve());
      child.kill("SIGTERM");
      return promise;
    });
    const timer = setTimeout(this.#kill, GRACE_MS);
    await Promise.all(ends);
    clearTimeout(timer);
    process.removeListener("exit", this.#kill);
  }

  readonly #kill = (): void => {
    for (const child of this.#running.keys()) child.kill("SIGKILL");
  };

  async #report({ name, logFile }: StartOptions, code: number | null, signal: string | null): Promise<void> {
    const log = (await readFile(logFile, "utf8")).trim().split("\n");
    const cause = signal === null ? `exit code ${code}` : signal;
    this.#failure.reject(
      new ConcordatError(`The process of ${name} ended with ${cause}: ${log.at(-1) ?? "it said nothing"}`, {
        hint: `Run again with --dir to keep its log, ${logFile}`,
      }),
    );
  }
}
