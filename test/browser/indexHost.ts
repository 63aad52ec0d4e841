import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { IndexFile } from "#audit/index/indexFile";
import type { IndexedChain } from "#audit/index/indexedChain";
import { Indexer } from "#audit/index/indexer";
import { rpcIndexSource } from "#audit/index/indexSource";
import type { LogPage } from "#audit/index/indexReader";
import { serveIndex } from "#audit/index/http/indexServer";

/** What an index answers to a page that asks for logs. */
export interface IndexAnswer extends LogPage {
  readonly chainId: number;
  readonly contracts: Readonly<Record<string, string>>;
}

/** Something that listens on this machine. */
export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

/** Writes the index of a chain as it is now. */
export async function writeIndex(file: string, chain: IndexedChain, rpcUrl: string): Promise<void> {
  const index = IndexFile.open(file, chain);
  const source = rpcIndexSource(rpcUrl);
  try {
    const indexer = new Indexer({ source, chain, file: index });
    while ((await indexer.step()).kind !== "current");
  } finally {
    source.close();
    index.close();
  }
}

/** Serves an index as it is. */
export async function hostIndex(
  file: string,
  chain: IndexedChain,
  origins?: readonly string[],
): Promise<Listening> {
  const following = (): { head: undefined; isAnswering: true } => ({ head: undefined, isAnswering: true });
  return serveIndex({
    file,
    chain,
    host: "127.0.0.1",
    port: 0,
    following,
    ...(origins !== undefined && { origins }),
  });
}

/** An index that says of another's logs what `change` makes of them; `undefined`: it gives up. */
export async function hostLiar(
  truth: Listening,
  change: (answer: IndexAnswer) => IndexAnswer | undefined,
): Promise<Listening> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const told = await (await fetch(`${truth.url}${request.url}`)).json();
      const changed = change(told as IndexAnswer);
      const status = changed === undefined ? 500 : 200;
      response.writeHead(status, { "access-control-allow-origin": "*" }).end(JSON.stringify(changed));
    };
    answer().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** The first part of an answer: its blocks up to that of its `count`-th log. */
export function firstPart(answer: IndexAnswer, count: number): IndexAnswer {
  const end = answer.logs[count - 1];
  if (end === undefined) return answer;
  const logs = answer.logs.filter(({ blockNumber }) => blockNumber <= end.blockNumber);
  return { ...answer, to: end.blockNumber, toHash: end.blockHash, logs };
}
