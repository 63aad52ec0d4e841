import { mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { IndexFile } from "#audit/index/indexFile";
import type { IndexedChain } from "#audit/index/indexedChain";
import { Indexer } from "#audit/index/indexer";
import type { IndexStep } from "#audit/index/indexer";
import { indexSource } from "#audit/index/indexSource";
import type { IndexSource } from "#audit/index/indexSource";
import { classifyAnswer, revertDataOf } from "#chain/endpoints/classifyAnswer";
import { refusalOf } from "#chain/contracts/contractError";
import { EndpointError } from "#chain/endpoints/endpointError";
import { BLOCK_COLUMNS } from "#audit/index/schema";
import type { Scenario } from "../audit/scenario.ts";

const CHAIN_ID = 31_337;

/** What the index of a scenario is of. */
export function chainOf({ deployment }: Scenario): IndexedChain {
  return { ...deployment, chainId: CHAIN_ID };
}

export function sourceOf({ federation }: Scenario): IndexSource {
  return indexSource(async (method, params) => {
    try {
      return await federation.connection.provider.request({ method, params: [...params] });
    } catch (error) {
      throw asChainLayer(method, params, error);
    }
  });
}

/** What the chain layer throws for an error of the chain in this process. */
function asChainLayer(method: string, params: readonly unknown[], error: unknown): Error {
  const { message, code, data } = error as { message: string; code?: number; data?: unknown };
  const refused = { method, message, data, ...(code !== undefined && { code }) };
  const found = classifyAnswer(refused);
  if (found === "reverted") return refusalOf(params, revertDataOf(refused) ?? "0x");
  return new EndpointError("the chain", found, message, method);
}

/** Brings an index up to the head, and tells the steps that it took. */
export async function bringUp(
  scenario: Scenario,
  file: IndexFile,
  source = sourceOf(scenario),
  chain = chainOf(scenario),
): Promise<IndexStep[]> {
  const indexer = new Indexer({ source, chain, file });
  const steps: IndexStep[] = [];
  do steps.push(await indexer.step());
  while (!["current", "behind"].includes(steps.at(-1)?.kind ?? ""));
  return steps;
}

/** Writes the index of a scenario as it is now into a new file. */
export async function writeIndex(
  scenario: Scenario,
  path: string,
  source?: IndexSource,
  chain = chainOf(scenario),
): Promise<void> {
  const file = IndexFile.open(path, chain);
  try {
    await bringUp(scenario, file, source, chain);
  } finally {
    file.close();
  }
}

/** All that an index says: every row of every table but the checkpoints, which differ with the ranges that were read. */
export function contents(path: string): Record<string, unknown[]> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const tables = ["meta", ...Object.keys(BLOCK_COLUMNS).filter((name) => name !== "checkpoints")];
    const rows = tables.map((name) => [name, database.prepare(`SELECT * FROM ${name}`).all()] as const);
    const tip = database.prepare("SELECT * FROM checkpoints ORDER BY number DESC LIMIT 1").all();
    return { ...Object.fromEntries(rows), tip };
  } finally {
    database.close();
  }
}

/** Rows of a question to an index. */
export function ask(path: string, sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

/** A folder that is gone after all tests of a suite. */
export function suiteFolder(): { file(name: string): string } {
  let path = "";
  before(() => {
    path = mkdtempSync(join(tmpdir(), "concordat-index-"));
  });
  after(() => rmSync(path, { recursive: true, force: true }));
  return { file: (name) => join(path, name) };
}

/** An HTTP endpoint of a story's chain. */
export interface RpcEndpoint {
  readonly url: string;
  close(): void;
}

/** Serves a story's chain over HTTP. `mayAnswer` can hold an answer back by not resolving, or refuse it by rejecting. */
export async function serveChain(
  { federation }: Scenario,
  mayAnswer: (method: string, params: readonly unknown[]) => Promise<void> = async () => undefined,
): Promise<RpcEndpoint> {
  const { provider } = federation.connection;
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request));
    const answers = [];
    for (const { id, method, params } of [body].flat()) {
      try {
        await mayAnswer(method, params);
        answers.push({ jsonrpc: "2.0", id, result: await provider.request({ method, params }) });
      } catch (error) {
        const { data } = error as { data?: unknown };
        answers.push({ jsonrpc: "2.0", id, error: { code: -32_000, message: String(error), data } });
      }
    }
    response.end(JSON.stringify(Array.isArray(body) ? answers : answers[0]));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
