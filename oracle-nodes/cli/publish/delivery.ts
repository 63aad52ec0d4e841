import { createServer } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "kubo-rpc-client";
import { InputError } from "@concordat/protocol/errors";
import type { HostPort } from "@concordat/protocol/endpoints/endpoints";
import { checkAnnounced, parseEndpoints } from "@concordat/protocol/endpoints/endpoints";
import { createHeliaStore } from "@concordat/store/helia/heliaStore";
import { createKuboStore } from "@concordat/store/kubo/kuboStore";
import type { TaskFiles } from "@concordat/learning/tasks/taskFiles";
import { orInterrupted, untilInterrupted } from "@concordat/console/interruption";
import { note } from "@concordat/console/output";

/** Milliseconds in which a Kubo node must answer. */
const KUBO_TIMEOUT_MS = 10_000;

/** How members get the two files of a task. */
export interface DeliveryOptions {
  readonly out?: string;
  readonly kubo?: string;
  readonly serve?: HostPort;
  /** Addresses at which members reach what `serve` listens on. */
  readonly announce?: readonly string[];
}

/**
 * A task whose files nobody can fetch could never start.
 * @throws {InputError} when no way is given, or members could not find what is served.
 */
export function checkDelivery({ out, kubo, serve, announce = [] }: DeliveryOptions): void {
  if (serve !== undefined) checkAnnounced([{ name: "publisher's store (--serve)", at: serve }], announce);
  if (out !== undefined || kubo !== undefined || serve !== undefined) return;
  throw new InputError("No way given for members to get the manifest and the initial model", {
    hint: "Give --out DIR (a member adds them to its node), --kubo URL or --serve HOST:PORT",
  });
}

/** @throws {InputError} when no Kubo node answers at the address. Gives its version. */
export async function checkKubo(url: string): Promise<string> {
  try {
    const { version } = await create({ url }).version({ signal: AbortSignal.timeout(KUBO_TIMEOUT_MS) });
    return version;
  } catch (cause) {
    throw new InputError(`No Kubo node answers at ${url}`, {
      hint: "Start it with `ipfs daemon`, or correct --kubo",
      cause,
    });
  }
}

/** @throws {InputError} when nothing can listen there now. */
export async function checkListen({ host, port }: HostPort): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((done, fail) => {
      server.once("error", fail).listen(port, host, done);
    });
  } catch (cause) {
    throw new InputError(`Cannot listen on ${host}:${port}`, {
      hint: "Choose a free port of this machine with --serve",
      cause,
    });
  } finally {
    server.close();
  }
}

/**
 * Puts the files into a Kubo node, pinned, and gives the addresses that members name as provider. They stay there whatever
 * comes of the publication: taking a pin back could take it from another task that has the same files.
 */
export async function putIntoKubo(url: string, { manifestFile, initialModel }: TaskFiles): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "concordat-publish-"));
  try {
    const store = await createKuboStore({ url, dir });
    try {
      for (const { bytes } of [manifestFile, initialModel]) await store.put(bytes);
      // Its gateway ends with this command; the Kubo node's own addresses do not.
      return parseEndpoints(store.endpoints()).peers.map(String).join(" ");
    } finally {
      await store.close();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Serves the files until Ctrl-C. */
export async function serveFiles(
  { manifestFile, initialModel }: TaskFiles,
  at: HostPort,
  announce: readonly string[] = [],
): Promise<never> {
  const signal = untilInterrupted();
  const dir = await mkdtemp(join(tmpdir(), "concordat-publish-"));
  try {
    const store = await createHeliaStore({ dir, gatewayListen: at, announce });
    try {
      for (const { bytes } of [manifestFile, initialModel]) await store.put(bytes);
      note(`Serving the files until Ctrl-C. Members give: --provider "${store.endpoints()}"`);
      return await orInterrupted(new Promise<never>(() => undefined), signal);
    } finally {
      await store.close();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
