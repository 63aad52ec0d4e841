import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** A Kubo node for tests: loopback only, no bootstrap, no discovery, its repository in a folder of the test. */
export interface KuboDaemon {
  /** Its RPC. */
  readonly url: string;
  /** Runs the `ipfs` command against it; gives what it prints, trimmed. */
  ipfs(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

const run = promisify(execFile);

/** The `ipfs` program: what CONCORDAT_IPFS names, else the first on the PATH; undefined if there is none. */
export async function findKubo(): Promise<string | undefined> {
  const named = process.env["CONCORDAT_IPFS"];
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const candidates = named === undefined ? folders.map((folder) => join(folder, "ipfs")) : [named];
  for (const candidate of candidates) {
    const found = await access(candidate).then(
      () => true,
      () => false,
    );
    if (found) return candidate;
  }
  return undefined;
}

/**
 * Initialises a repository in `dir` and starts the daemon; resolves once it answers.
 * @param settings Further ones, by their names in Kubo's configuration, in JSON.
 */
export async function startKubo(
  program: string,
  dir: string,
  settings: readonly (readonly [key: string, json: string])[] = [],
): Promise<KuboDaemon> {
  const env = { ...process.env, IPFS_PATH: dir, IPFS_TELEMETRY: "off" };
  const ipfs = async (...args: string[]): Promise<string> =>
    (await run(program, args, { env })).stdout.trim();
  await ipfs("init", "--profile=test");
  for (const [key, value] of [
    ["AutoConf.Enabled", "false"],
    ["Routing.Type", '"none"'],
    ["Bootstrap", "[]"],
    ["DNS.Resolvers", "{}"],
    ["Routing.DelegatedRouters", "[]"],
    ["Ipns.DelegatedPublishers", "[]"],
    ...settings,
  ] as const) {
    await ipfs("config", "--json", key, value);
  }
  const daemon = spawn(program, ["daemon"], { env, stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(daemon, "exit");
  const stop = async (): Promise<void> => {
    daemon.kill("SIGTERM");
    await exited;
  };
  let output = "";
  for await (const part of daemon.stdout) {
    output += String(part);
    if (output.includes("Daemon is ready")) break;
  }
  if (daemon.exitCode !== null || !output.includes("Daemon is ready"))
    throw new Error(`Kubo did not start: ${output}`);
  const api = await readFile(join(dir, "api"), "utf8");
  return { url: `http://127.0.0.1:${/tcp\/(\d+)/.exec(api)?.[1]}`, ipfs, stop };
}
