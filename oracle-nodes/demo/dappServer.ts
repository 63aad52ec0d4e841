import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { InputError } from "@concordat/protocol/errors";

/** The dApp as the build left it: files that any host can serve. */
const BUILD = fileURLToPath(new URL("dist/", import.meta.resolve("@concordat/frontend/package.json")));
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** The dApp, served on loopback for one chain. */
export interface DappServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the built dApp with a configuration for this chain.
 * @throws {InputError} when it was not built.
 */
export async function serveDapp(rpcUrl: string, addressBook: AddressBook): Promise<DappServer> {
  await readFile(join(BUILD, "index.html")).catch((cause: unknown) => {
    throw new InputError("The dApp is not built", { cause, hint: "Run npm run build" });
  });
  const networks = [{ name: "demonstration", rpcUrls: [rpcUrl], addressBook }];
  const config = JSON.stringify({ format: "concordat/dapp/1", networks });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://dapp");
    const name = pathname === "/" ? "/index.html" : pathname;
    const headers = {
      "content-type": TYPES[extname(name)] ?? "application/octet-stream",
      "x-content-type-options": "nosniff",
    };
    if (name === "/config.json") {
      response.writeHead(200, headers).end(config);
      return;
    }
    // The path of a parsed URL has no "..": it stays in the folder.
    readFile(join(BUILD, name)).then(
      (bytes) => response.writeHead(200, headers).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
