import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** The dApp as a host of static files serves it, with a config.json that a test can change. */
export interface Site {
  readonly url: string;
  /** Folder of the build. */
  readonly folder: string;
  config: unknown;
  close(): Promise<void>;
}

/**
 * Serves the dApp from a folder that is not the host's root, so that absolute paths would fail: the build in the folder that
 * CONCORDAT_DAPP names, or a new one.
 */
export async function serveSite(): Promise<Site> {
  const given = process.env["CONCORDAT_DAPP"];
  const folder = given ?? (await mkdtemp(join(tmpdir(), "concordat-dapp-")));
  if (given === undefined) {
    const configFile = fileURLToPath(new URL("../../frontend/vite.config.ts", import.meta.url));
    await build({ configFile, logLevel: "error", build: { outDir: folder, emptyOutDir: true } });
  }
  const site = { config: {} as unknown };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://site");
    const name = pathname.replace(/^\/some\/place\//, "") || "index.html";
    if (!pathname.startsWith("/some/place/")) {
      response.writeHead(404).end();
      return;
    }
    if (name === "config.json") {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(site.config));
      return;
    }
    readFile(join(folder, name)).then(
      // As hosts of files send texts.
      (bytes) =>
        response
          .writeHead(200, {
            "content-type": TYPES[extname(name)] ?? "text/plain",
            "content-encoding": "gzip",
          })
          .end(gzipSync(bytes)),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(site, {
    url: `http://127.0.0.1:${port}/some/place/`,
    folder,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      if (given === undefined) await rm(folder, { recursive: true, force: true });
    },
  });
}
