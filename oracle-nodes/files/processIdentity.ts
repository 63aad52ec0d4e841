import { execFile } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import { promisify } from "node:util";

/**
 * Names one process so that no other is taken for it: a number alone is given again, after a restart of its machine or
 * container above all, where a node is always process 1.
 */
export interface ProcessIdentity {
  /** For people. */
  readonly host: string;
  /** Where the number counts: the boot of a kernel, and the space of process numbers in it. */
  readonly space: string;
  readonly pid: number;
  /** When the process began, as the system tells it; empty where it does not. */
  readonly startedAt: string;
}

/** What is known of a process by its identity. `elsewhere`: it counts in another space, into which nobody can look. */
export type Liveness = "alive" | "dead" | "elsewhere";

/** The identity of this process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  return {
    host: hostname(),
    space: await ownSpace(),
    pid: process.pid,
    startedAt: (await startOf(process.pid)) ?? "",
  };
}

/** Whether the process of this identity is there: also where it is stopped, but not where another has got its number. */
export async function livenessOf(identity: ProcessIdentity): Promise<Liveness> {
  if (identity.space !== (await ownSpace())) return "elsewhere";
  if (!exists(identity.pid)) return "dead";
  const startedAt = await startOf(identity.pid);
  // Where the system does not tell when it began, the number has to do.
  if (startedAt === undefined || startedAt === "" || identity.startedAt === "") return "alive";
  return startedAt === identity.startedAt ? "alive" : "dead";
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Another user's process may not be signalled, but it is there.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function ownSpace(): Promise<string> {
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => hostname());
  const numbers = await readlink("/proc/self/ns/pid").catch(() => process.platform);
  return `${boot.trim()} ${numbers}`;
}

/** When a process began; undefined where that cannot be known, or where a zombie is all that is left of it: it is over. */
async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === "linux") {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
    // The second field, the command in brackets, may hold anything; the fields after it are numbers and a letter.
    const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields === undefined) return undefined;
    return fields[0] === "Z" || fields[0] === "X" ? "over" : fields[19];
  }
  if (process.platform === "win32") return "";
  const { stdout } = await promisify(execFile)("ps", ["-o", "lstart=", "-p", String(pid)]).catch(() => ({
    stdout: "",
  }));
  return stdout.trim();
}
