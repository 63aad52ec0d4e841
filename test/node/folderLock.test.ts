import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { LockedError, LostLockError, takeLock } from "#files/folderLock";
import { livenessOf, ownIdentity } from "#files/processIdentity";

const HOLDER = fileURLToPath(new URL("lockHolder.ts", import.meta.url));

describe("The lock of a node's folder", () => {
  let folder: string;
  let lockFile: string;
  const started: ChildProcess[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "concordat-lock-"));
    lockFile = join(folder, "node.lock");
  });
  afterEach(async () => {
    for (const child of started.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await rm(folder, { recursive: true, force: true });
  });

  /** Starts a process that takes the folder, and resolves with it and what it says first. */
  async function hold(): Promise<{ child: ChildProcess; says: string; lines: AsyncIterator<string> }> {
    const child = spawn(process.execPath, [HOLDER, folder], { stdio: ["ignore", "pipe", "inherit"] });
    started.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { value } = await lines.next();
    return { child, says: String(value), lines };
  }

  const lost = (): ((error: Error) => void) & { readonly errors: Error[] } => {
    const errors: Error[] = [];
    return Object.assign((error: Error) => void errors.push(error), { errors });
  };

  it("stays with a process that is stopped, however often others ask", async () => {
    const first = await hold();
    expect(first.says).to.equal("held");
    first.child.kill("SIGSTOP");
    for (let i = 0; i < 2; i++) {
      const second = await hold();
      expect(second.says).to.match(/refused: Another node runs in .*process \d+/);
      if (second.child.exitCode === null) await once(second.child, "exit");
      expect(second.child.exitCode).to.equal(2);
    }
    first.child.kill("SIGCONT");
    const before = (await readFile(lockFile, "utf8")).trim();
    // It goes on, renews what it holds, and leaves in order.
    first.child.kill("SIGTERM");
    const [code] = (await once(first.child, "exit")) as [number];
    expect(code).to.equal(0);
    expect(JSON.parse(before).pid).to.equal(first.child.pid);
    expect((await first.lines.next()).done).to.equal(true);
    expect(existsSync(lockFile)).to.equal(false);
  });

  it("is taken over at once from a process that was killed, and never from the one that took it", async () => {
    const first = await hold();
    first.child.kill("SIGKILL");
    await once(first.child, "exit");
    const next = await Promise.all([hold(), hold(), hold()]);
    expect(next.filter(({ says }) => says === "held")).to.have.length(1);
    expect(next.filter(({ says }) => says.startsWith("refused"))).to.have.length(2);
  });

  it("is not kept by a process that has got the number of a dead one", async () => {
    const own = await ownIdentity();
    expect(await livenessOf(own)).to.equal("alive");
    expect(await livenessOf({ ...own, startedAt: "1" })).to.equal("dead");
    expect(await livenessOf({ ...own, pid: 2 ** 22 + 1 })).to.equal("dead");
    expect(await livenessOf({ ...own, space: "another boot" })).to.equal("elsewhere");
    const stale = { format: "concordat/lock/1", token: crypto.randomUUID(), ...own, startedAt: "1" };
    await writeFile(lockFile, JSON.stringify(stale));
    await (await takeLock(lockFile, { onLost: lost(), waitMs: 0 })).release();
  });

  it("stays with an owner on another host that renews it, and is taken from one that does not", async () => {
    const own = await ownIdentity();
    const foreign = { format: "concordat/lock/1", token: crypto.randomUUID(), ...own, host: "b", space: "b" };
    await writeFile(lockFile, JSON.stringify(foreign));
    let time = 1000;
    const renewing = setInterval(() => void utimes(lockFile, ++time, time).catch(() => undefined), 50);
    const asked = takeLock(lockFile, { onLost: lost(), waitMs: 0, silentMs: 3000 });
    const refusal: unknown = await asked.then(
      () => undefined,
      (error: unknown) => error,
    );
    clearInterval(renewing);
    expect(refusal).to.be.instanceOf(LockedError);
    expect((refusal as LockedError).owner?.host).to.equal("b");
    await (await takeLock(lockFile, { onLost: lost(), waitMs: 0, silentMs: 300 })).release();
  });

  it("of an older version, or half-written, is waited out and taken", async () => {
    await mkdir(lockFile);
    await (await takeLock(lockFile, { onLost: lost(), waitMs: 0, silentMs: 200 })).release();
    await writeFile(lockFile, "{");
    await (await takeLock(lockFile, { onLost: lost(), waitMs: 0, silentMs: 200 })).release();
    expect(existsSync(lockFile)).to.equal(false);
  });

  it("tells its owner when another has it, and is made again when it was only removed", async () => {
    const onLost = lost();
    const lock = await takeLock(lockFile, { onLost, waitMs: 0, renewMs: 20 });
    await rm(lockFile);
    await until(() => existsSync(lockFile));
    const own = await ownIdentity();
    const other = { format: "concordat/lock/1", token: crypto.randomUUID(), ...own, host: "b" };
    await writeFile(lockFile, JSON.stringify(other));
    await until(() => onLost.errors.length > 0);
    expect(onLost.errors).to.have.length(1);
    expect(onLost.errors[0]).to.be.instanceOf(LostLockError);
    await lock.release();
    expect(JSON.parse(await readFile(lockFile, "utf8")).host).to.equal("b");
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
