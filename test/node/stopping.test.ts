import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { livenessOf, type ProcessIdentity } from "#files/processIdentity";
import { makeSite, PASSWORD } from "./siteFolder.ts";

const COMMAND = fileURLToPath(new URL("../../oracle-nodes/cli/bin/concordat.mjs", import.meta.url));
/** A node starts, or leaves, in a second or two: this is there to end a hang. */
const PATIENCE_MS = 60_000;

describe("A node that is told to stop", function () {
  this.timeout(4 * PATIENCE_MS);
  let folder: string;
  /** An endpoint that takes every question and answers none: the node is in the middle of its start for as long as it lives. */
  let silent: Server;
  const started: ChildProcess[] = [];
  /** What the node that was started last said on its error output. */
  let said = "";

  before(function () {
    // Process groups, signals and shells are those of POSIX.
    if (process.platform === "win32") this.skip();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "concordat-stopping-"));
    silent = createServer(() => undefined);
    await once(silent.listen(0, "127.0.0.1"), "listening");
    await makeNode();
  });
  afterEach(async () => {
    const owner = await ownerOf().catch(() => undefined);
    for (const child of started.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    }
    if (owner !== undefined && (await livenessOf(owner)) === "alive") process.kill(owner.pid, "SIGKILL");
    silent.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function makeNode(): Promise<void> {
    const { port } = silent.address() as AddressInfo;
    await makeSite(folder, `http://127.0.0.1:${port}`);
    // As an installation has it: npx finds the command in node_modules/.bin.
    await mkdir(join(folder, "node_modules", ".bin"), { recursive: true });
    await symlink(COMMAND, join(folder, "node_modules", ".bin", "concordat"));
    await chmod(COMMAND, 0o755);
    const command = "concordat node run --config node.yaml";
    const scripts = { node: command, daemon: `nohup ${command} > daemon.log 2>&1 &` };
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "site", private: true, scripts }));
  }

  const RUN = ["node", "run", "--config", "node.yaml"];

  /** Starts a program in the folder, with nothing that the npm of this test run has set unless it is asked for. */
  function run(command: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
    const outer = Object.fromEntries(
      Object.entries(process.env).filter(([key]) => !key.toLowerCase().startsWith("npm_")),
    );
    const stdio: StdioOptions = ["ignore", "pipe", "pipe"];
    // The node that runs the tests comes first, as in a shell where it is installed.
    const path = `${dirname(process.execPath)}:${outer["PATH"] ?? ""}`;
    const child = spawn(command, args, {
      cwd: folder,
      stdio,
      env: { ...outer, PATH: path, CONCORDAT_PASSWORD: PASSWORD, ...env },
    });
    started.push(child);
    return child;
  }

  /** The process that holds the node's folder. */
  async function ownerOf(): Promise<ProcessIdentity> {
    return JSON.parse(await readFile(join(folder, "data", "node.lock"), "utf8")) as ProcessIdentity;
  }

  /** Waits until a node holds the folder and asks its endpoint. */
  async function running(child: ChildProcess): Promise<ProcessIdentity> {
    said = "";
    child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await until(() => {
      if (child.exitCode !== null) throw new Error(`it ended by itself: ${said}`);
      return existsSync(join(folder, "data", "node.lock"));
    });
    return ownerOf();
  }

  /** Waits until a node is gone, and checks that it was told: in the end it would give its endpoint up by itself. */
  const gone = async (node: ProcessIdentity): Promise<void> => {
    await until(async () => (await livenessOf(node)) === "dead");
    expect(said).not.to.contain("cannot be reached");
  };

  it("leaves at once, also while its endpoint is silent, and frees its folder", async () => {
    const child = run(process.execPath, [COMMAND, ...RUN]);
    const node = await running(child);
    child.kill("SIGTERM");
    const [code] = (await once(child, "exit")) as [number];
    expect(code).to.equal(130);
    await gone(node);
    expect(existsSync(join(folder, "data", "node.lock"))).to.equal(false);
  });

  it("stops with the npm that started it, whoever of the chain is told", async () => {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const npm = run("npm", ["run", "--silent", "node"]);
      const node = await running(npm);
      npm.kill(signal);
      await gone(node);
      if (npm.exitCode === null && npm.signalCode === null) await once(npm, "exit");
      await rm(join(folder, "data"), { recursive: true, force: true });
    }
  });

  it("stops with the npx that started it", async () => {
    const npx = run("npx", ["--no-install", "concordat", ...RUN]);
    const node = await running(npx);
    npx.kill("SIGTERM");
    await gone(node);
  });

  it("stops when a shell between it and npm dies without a word", async () => {
    // What npm does: a shell that waits, and npm's settings in the environment.
    const command = `"${process.execPath}" "${COMMAND}" ${RUN.join(" ")}; exit $?`;
    const shell = run("sh", ["-c", command], { npm_lifecycle_event: "npx", npm_execpath: "npm" });
    const node = await running(shell);
    shell.kill("SIGKILL");
    await gone(node);
  });

  it("stays when its parent goes away where that is meant: without npm, or in npm's background", async () => {
    const command = `"${process.execPath}" "${COMMAND}" ${RUN.join(" ")}`;
    const plain = run("sh", ["-c", `${command}; exit $?`]);
    const first = await running(plain);
    plain.kill("SIGKILL");
    await once(plain, "exit");
    await stays(first);
    await rm(join(folder, "data"), { recursive: true, force: true });
    const npm = run("npm", ["run", "--silent", "daemon"]);
    await once(npm, "exit");
    await until(() => existsSync(join(folder, "data", "node.lock")));
    await stays(await ownerOf());
  });

  /** Checks that a node does not leave by itself, and ends it. */
  async function stays(node: ProcessIdentity): Promise<void> {
    // Longer than any look for a parent takes.
    await sleep(2000);
    expect(await livenessOf(node)).to.equal("alive");
    process.kill(node.pid, "SIGTERM");
    await gone(node);
  }
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const ends = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > ends) throw new Error("it takes too long");
    await sleep(20);
  }
}
