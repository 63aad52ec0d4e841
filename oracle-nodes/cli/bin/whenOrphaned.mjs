// Tells a process that npm or npx started when whoever started it is gone. npm runs a command through a shell, and a shell
// that is told to stop dies without telling its child: `npx concordat node run` would run on with nobody to stop it. A
// process that npm did not start, or that a script of npm has put into the background before it looks, is left alone: it
// is meant to outlive whoever started it.
import { readFileSync } from "node:fs";

/** Milliseconds between two looks. */
const LOOK_MS = 500;
const SHELLS = new Set(["sh", "dash", "bash", "ash", "zsh", "ksh", "busybox"]);

/** Calls `stop` once when the process that started this one through npm is gone. Keeps no process alive. */
export function whenOrphaned(stop) {
  if (!startedByNpm()) return;
  const ancestors = npmAncestors();
  if (ancestors.length === 0) return;
  const timer = setInterval(() => {
    if (ancestors.every(([pid, parent]) => parentOf(pid) === parent)) return;
    clearInterval(timer);
    stop();
  }, LOOK_MS);
  timer.unref();
}

function startedByNpm() {
  return process.env.npm_execpath !== undefined || process.env.npm_lifecycle_event !== undefined;
}

/** Pairs of a process and its parent, from this process up to npm: the chain over which a signal should have come. */
function npmAncestors() {
  const chain = [[process.pid, process.ppid]];
  if (process.ppid <= 1) return [];
  // Where the system does not tell more, the parent alone is watched.
  for (let [, pid] = chain[0]; SHELLS.has(nameOf(pid) ?? "");) {
    const parent = parentOf(pid);
    if (parent === undefined || parent <= 1) break;
    chain.push([pid, parent]);
    pid = parent;
  }
  return chain;
}

function parentOf(pid) {
  if (pid === process.pid && process.platform !== "win32") return process.ppid;
  if (process.platform === "win32") return exists(process.ppid) ? process.ppid : undefined;
  return Number(/^PPid:\s*(\d+)/m.exec(readProc(`${pid}/status`) ?? "")?.[1]);
}

function nameOf(pid) {
  return /^Name:\s*(\S+)/m.exec(readProc(`${pid}/status`) ?? "")?.[1];
}

function readProc(path) {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return undefined;
  }
}

function exists(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
