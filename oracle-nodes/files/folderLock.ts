import { randomUUID } from "node:crypto";
import { link, open, readFile, rename, rm, stat, unlink, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { ConcordatError } from "@concordat/protocol/errors";
import { livenessOf, ownIdentity, type ProcessIdentity } from "./processIdentity.ts";

/** See {@link LockOptions.renewMs}. */
const RENEW_MS = 2000;
/** Milliseconds without renewal after which an owner that nobody can look at, on another host for instance, is gone. */
const SILENT_MS = 15_000;
/** Milliseconds that a new owner waits to see that nobody who judged the lock before it takes it away again. */
const SETTLE_MS = 50;
const LOOK_MS = 200;

const lockSchema = z.object({
  format: z.literal("concordat/lock/1"),
  /** Differs between any two owners. */
  token: z.uuid(),
  host: z.string(),
  space: z.string(),
  pid: z.number().int(),
  startedAt: z.string(),
});
type LockFile = z.infer<typeof lockSchema>;

export interface LockOptions {
  /** Called once when the lock has become another's. */
  readonly onLost: (error: Error) => void;
  /** Milliseconds to wait for an owner that is about to leave. */
  readonly waitMs: number;
  /** Milliseconds after which an owner elsewhere that does not renew counts as gone. */
  readonly silentMs?: number;
  /** Milliseconds between two looks of the owner after its lock. */
  readonly renewMs?: number;
}

/** The lock is another's, who is alive. */
export class LockedError extends Error {
  readonly owner: ProcessIdentity | undefined;

  constructor(owner: ProcessIdentity | undefined) {
    super("the lock is taken");
    this.owner = owner;
  }
}

/** A lock that this process holds. */
export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Takes a lock file for this process. A lock counts as long as its owner's process is there: one that was stopped, or that
 * is too busy to renew it, keeps it, and asking for it takes nothing from it; the lock of a process that has died is taken
 * over at once. Only where nobody can look at the owner, on another host or in another container, is it silence that tells.
 * @throws {LockedError} when its owner is alive.
 */
export async function takeLock(path: string, options: LockOptions): Promise<FolderLock> {
  const { waitMs, silentMs = SILENT_MS } = options;
  const own: LockFile = { format: "concordat/lock/1", token: randomUUID(), ...(await ownIdentity()) };
  const refuseAt = performance.now() + waitMs;
  let watched: { readonly found: Found; readonly since: number; readonly isRenewed: boolean } | undefined;
  for (;;) {
    if ((await create(path, own)) && (await settled(path, own))) return holdLock(path, own, options);
    const found = await look(path);
    if (found === undefined) continue;
    const now = performance.now();
    if (watched?.found.id !== found.id) watched = { found, since: now, isRenewed: false };
    else if (watched.found.renewedAt !== found.renewedAt) watched = { found, since: now, isRenewed: true };
    const liveness = found.lock === undefined ? "elsewhere" : await livenessOf(found.lock);
    if (liveness === "dead" || (liveness === "elsewhere" && now - watched.since >= silentMs)) {
      await takeAway(path, found);
      continue;
    }
    const isAlive = liveness === "alive" || watched.isRenewed;
    if (isAlive && now >= refuseAt) throw new LockedError(found.lock);
    await sleep(LOOK_MS);
  }
}

/** A lock file as it was found. */
interface Found {
  /** Whose it is: its token, or what tells a file apart that is not understood. */
  readonly id: string;
  /** When its owner renewed it last, by the clock of whoever keeps the folder: only to be compared with itself. */
  readonly renewedAt: number;
  readonly lock: LockFile | undefined;
}

/** The lock that is there now, if one is. A file or folder that is not understood may be half-written, or of another version. */
async function look(path: string): Promise<Found | undefined> {
  try {
    const { mtimeMs, ino } = await stat(path);
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      if (codeOf(error) === "EISDIR") return "";
      throw error;
    });
    const lock = parse(text);
    return { id: lock?.token ?? `unknown ${ino}`, renewedAt: mtimeMs, lock };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function parse(text: string): LockFile | undefined {
  try {
    return lockSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Makes the lock file, whole at once; false where one is there. */
async function create(path: string, own: LockFile): Promise<boolean> {
  const draft = `${path}.${own.token}`;
  const text = `${JSON.stringify(own)}\n`;
  try {
    await writeFile(draft, text);
    await link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(codeOf(error))) throw error;
    return await createWithoutLinks(path, text);
  } finally {
    await rm(draft, { force: true });
  }
}

/** The same on a file system that knows no links: for a moment the file is there and empty. */
async function createWithoutLinks(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    await file.writeFile(text).finally(() => file.close());
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Whether the lock is still ours a moment later: somebody may have judged the one before it and taken this one away. */
async function settled(path: string, own: LockFile): Promise<boolean> {
  await sleep(SETTLE_MS);
  return (await look(path))?.id === own.token;
}

/**
 * Takes a lock away that was found to be nobody's. Of several that try only one gets hold of it, and if another lock has
 * come into its place meanwhile, it is given back.
 */
async function takeAway(path: string, judged: Found): Promise<void> {
  const aside = join(dirname(path), `${basename(path)}.gone-${randomUUID()}`);
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  const taken = await look(aside);
  if (taken !== undefined && taken.id !== judged.id) await link(aside, path).catch(() => undefined);
  await rm(aside, { recursive: true, force: true });
}

function holdLock(path: string, own: LockFile, { onLost, renewMs = RENEW_MS }: LockOptions): FolderLock {
  let renewing: Promise<void> = Promise.resolve();
  let isOver = false;
  const renew = async (): Promise<void> => {
    const found = await look(path);
    if (isOver) return;
    if (found === undefined) {
      // Removed by hand: it is made again, unless another has taken the folder by now.
      if (await create(path, own)) return;
      return renew();
    }
    if (found.id === own.token) return utimes(path, new Date(), new Date());
    isOver = true;
    clearInterval(timer);
    onLost(new LostLockError(path, found.lock));
  };
  const timer = setInterval(() => {
    // A disk that fails for a while takes nothing from the owner.
    renewing = renewing.then(renew).catch(() => undefined);
  }, renewMs);
  timer.unref();
  return {
    release: async () => {
      isOver = true;
      clearInterval(timer);
      await renewing;
      if ((await look(path))?.id === own.token) await unlink(path);
    },
  };
}

/** Another process has taken the lock: this one was out of sight for too long, or its file was removed. */
export class LostLockError extends ConcordatError {
  constructor(path: string, by: ProcessIdentity | undefined) {
    const who = by === undefined ? "another process" : `process ${by.pid} on ${by.host}`;
    super(`${who} has taken over ${dirname(path)}`, {
      hint: "Let only one node use this folder",
    });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
