import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../oracle-nodes/cli/bin/concordat.mjs", import.meta.url));

/** How a command went. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly done: Promise<Outcome>;
  /** Resolves when standard output has this, with a pattern's first group; rejects when the command ends without it. */
  says(text: string | RegExp): Promise<string>;
}

/** Starts `concordat ...` as a person would, with no terminal, and no settings but the given ones. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const { CONCORDAT_PASSWORD: _, CONCORDAT_RPC: _rpc, CONCORDAT_ADDRESS_BOOK: _book, ...outer } = process.env;
  const child = spawn(process.execPath, [COMMAND, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...outer, ...env },
  });
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    for (const listener of listeners) listener();
  });
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const done = new Promise<Outcome>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
  const says = async (text: string | RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = typeof text === "string" ? stdout.includes(text) && [text] : text.exec(stdout);
        if (found) resolve(found[1] ?? found[0] ?? "");
      };
      listeners.add(look);
      look();
      void done.then(() => reject(new Error(`It ended without "${text}":\n${stdout}\n${stderr}`)));
    });
  return { child, done, says };
}

/** Runs `concordat ...` to its end. */
export async function concordat(...args: readonly string[]): Promise<Outcome> {
  return start(args).done;
}

/** A folder that is gone after each test. */
export function temporaryFolder(): { readonly path: string } {
  let path = "";
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), "concordat-cli-"));
  });
  afterEach(() => rmSync(path, { recursive: true, force: true }));
  return {
    get path() {
      return path;
    },
  };
}
