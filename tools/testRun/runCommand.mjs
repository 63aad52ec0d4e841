// Runs one command of a stage.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
/** The built dApp, which the tests in a browser serve. */
const DAPP = join(root, "frontend", "dist");
/** Milliseconds after which a command is ended that does not end by itself, for example for a handle that it forgot. */
const COMMAND_TIMEOUT = 30 * 60_000;

/**
 * Runs a command of node_modules/.bin, or Node, in the repository's root and shows its output; a function as last argument
 * receives the output too.
 * @returns whether it ended with exit code 0
 */
export function run(command, ...args) {
  const listen = typeof args.at(-1) === "function" ? args.pop() : undefined;
  const { promise, resolve } = Promise.withResolvers();
  const file = command === "node" ? process.execPath : join(bin, command);
  const colour = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: "1" } : {};
  const env = {
    CONCORDAT_DAPP: DAPP,
    ...process.env,
    // The workspaces' sources, not what is built of them for others.
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --conditions=@concordat/source`.trim(),
    ...colour,
    PATH: `${dirname(process.execPath)}:${bin}:${process.env.PATH}`,
  };
  const child = spawn(file, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env,
    timeout: COMMAND_TIMEOUT,
    killSignal: "SIGKILL",
  });
  child.stdout.on("data", (chunk) => {
    process.stdout.write(chunk);
    listen?.(chunk.toString());
  });
  child.on("error", (error) => {
    console.error(`${command} does not start: ${error.message}`);
    resolve(false);
  });
  child.on("close", (code) => resolve(code === 0));
  return promise;
}
