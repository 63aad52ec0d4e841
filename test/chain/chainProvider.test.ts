import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { expect } from "chai";
import { id, toBeHex } from "ethers";
import { network } from "hardhat";
import { pino } from "pino";
import { checkBlockNumbers } from "#chain/contracts/checkBlockNumbers";
import { openProvider, type ChainProvider } from "#chain/endpoints/chainProvider";
import { HeadWatcher } from "#chain/heads/headWatcher";
import { webSocketEndpoint } from "#chain/endpoints/webSocketEndpoint";
import { InputError } from "#protocol/errors";
import { offsetNumbers } from "../quirks/limits.ts";
import { QuirkProxy, type Quirk } from "../quirks/quirkProxy.ts";
import { changing, wrongChainId } from "../quirks/refusals.ts";

const ACCOUNT = `0x${"a1".repeat(20)}`;

describe("A provider over endpoints as they are", function () {
  this.timeout(30_000);
  let proxy: QuirkProxy;
  let second: QuirkProxy;
  let chain: ChainProvider;
  let close: () => Promise<void>;

  before(async () => {
    const server = await network.createServer("node", "127.0.0.1", 0);
    const { address, port } = await server.listen();
    const url = `http://${address}:${port}`;
    chain = openProvider(url, 31_337);
    await chain.send("hardhat_mine", ["0x5"]);
    proxy = await QuirkProxy.start(url);
    second = await QuirkProxy.start(url);
    close = async () => {
      chain.destroy();
      await Promise.all([proxy.close(), second.close()]);
      await server.close();
    };
  });
  after(async () => close());
  beforeEach(() => {
    proxy.use();
    second.use();
  });
  const withProvider = async <T>(
    urls: string[],
    work: (provider: ChainProvider) => Promise<T>,
  ): Promise<T> => {
    const provider = openProvider(urls, 31_337, { patienceMs: 3000 });
    return work(provider).finally(() => provider.destroy());
  };
  const mine = async (): Promise<void> => chain.send("evm_mine", []) as Promise<void>;

  it("answers from the block that was seen, never from before it", async () => {
    await withProvider([proxy.url], async (provider) => {
      const heads = await HeadWatcher.start(provider, { pollMs: 10, logger: pino({ level: "silent" }) });
      await chain.send("hardhat_setBalance", [ACCOUNT, toBeHex(7n)]);
      await mine();
      await heads.reaches(Number(await chain.send("eth_blockNumber", [])), AbortSignal.timeout(5000));
      const tags: unknown[] = [];
      proxy.use({
        name: "notes the blocks",
        answer: async (request, forward, { strike }) => {
          strike();
          if (request.method === "eth_getBalance") tags.push(request.params[1]);
          return forward();
        },
      });
      expect(await provider.getBalance(ACCOUNT)).to.equal(7n);
      expect(tags).to.deep.equal([toBeHex(heads.head.number).replace(/^0x0+/, "0x")]);
      await heads.close();
    });
  });

  it("leaves out the endpoint that serves another chain, and goes on with the other", async () => {
    proxy.use(wrongChainId(1));
    await withProvider([proxy.url, second.url], async (provider) => {
      expect(await provider.getBlockNumber()).to.be.at.least(5);
      expect(provider.health()[0]?.problem).to.equal("serves another chain");
    });
    proxy.expectStruck();
  });

  it("follows the heads that an endpoint announces over a WebSocket, also after it was cut", async () => {
    await withProvider([proxy.webSocketUrl], async (provider) => {
      const heads = await HeadWatcher.start(provider, { pollMs: 60_000, logger: pino({ level: "silent" }) });
      const next = async (): Promise<void> => {
        const { number } = heads.head;
        await mine();
        await heads.reaches(number + 1, AbortSignal.timeout(5000));
      };
      await next();
      proxy.cutWebSockets();
      await provider.getBalance(ACCOUNT);
      await next();
      await heads.close();
    });
  });

  it("leaves a WebSocket whose peer has vanished, and makes another", async () => {
    const endpoint = webSocketEndpoint(proxy.webSocketUrl, 300);
    const { signal } = new AbortController();
    const ask = async (): Promise<string> => (await endpoint.ask("eth_chainId", [], signal)).kind;
    expect(await ask()).to.equal("result");
    proxy.freezeWebSockets();
    expect(await ask()).to.equal("silent");
    expect(await ask()).to.equal("result");
    endpoint.close();
  });

  it("lives through a WebSocket that sends what is no answer", async () => {
    const sockets: Duplex[] = [];
    const server = createServer().on("upgrade", (request: IncomingMessage, socket: Duplex) => {
      sockets.push(socket);
      const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash("sha1").update(key).digest("base64");
      const head = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}`;
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${head}\r\n\r\n`);
      for (const text of ["null", "1", "[]", "{", '{"id":1,"result":"0x5"}'])
        socket.write(Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const endpoint = webSocketEndpoint(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, 300);
    const { signal } = new AbortController();
    expect((await endpoint.ask("eth_chainId", [], signal)).kind).to.be.oneOf(["result", "silent"]);
    endpoint.close();
    // It never says goodbye by itself, and a server forgets what was upgraded.
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it("accepts a chain whose blocks contracts see as the endpoint gives them", async () => {
    await withProvider([proxy.url], checkBlockNumbers);
  });

  it("accepts it also behind a block whose hash begins with 0xef, which no constructor may return", async () => {
    let blocks = 0;
    for (let hash = ""; !hash.startsWith("0xef"); blocks++) {
      expect(blocks, "one block in 256 has such a hash").to.be.lessThan(5000);
      await chain.send("hardhat_mine", ["0x1"]);
      const block = (await chain.send("eth_getBlockByNumber", ["latest", false])) as { hash: string };
      hash = block.hash;
    }
    // Calls run in the newest block or in the one to come: that block is the parent of one of the two.
    await checkBlockNumbers(chain);
    await chain.send("hardhat_mine", ["0x1"]);
    await checkBlockNumbers(chain);
  });

  const strange: [string, Quirk, RegExp][] = [
    [
      "block numbers of another chain",
      offsetNumbers(1_000_000),
      /see block number \d+, but its endpoint is at block 1\d{6}/,
    ],
    [
      "hashes of other blocks",
      changing("other hashes", { method: "eth_getBlockByNumber" }, (block) => ({
        ...(block as object),
        hash: id("other"),
      })),
      /see a different hash for block \d+/,
    ],
  ];
  for (const [what, quirk, words] of strange) {
    it(`refuses a chain whose contracts see ${what}`, async () => {
      proxy.use(quirk);
      const error = await withProvider([proxy.url], checkBlockNumbers).catch((failure: unknown) => failure);
      expect(error).to.be.instanceOf(InputError);
      expect((error as InputError).message).to.match(words);
      proxy.expectStruck();
    });
  }
});
