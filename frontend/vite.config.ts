import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defaultClientConditions, defaultServerConditions, defineConfig } from "vite";
import type { Plugin } from "vite";

const root = fileURLToPath(new URL(".", import.meta.url));

/** The condition under which the workspaces give their sources, not what is built of them for others. */
const SOURCES = "@concordat/source";

/**
 * While developing, `CONCORDAT_RPC` and `CONCORDAT_ADDRESS_BOOK` (a file) stand in for the page's config.json, so that
 * the page can be pointed at any chain without a file in the tree.
 */
function developmentConfig(): Plugin {
  return {
    name: "concordat-development-config",
    apply: "serve",
    configureServer(server) {
      const { CONCORDAT_RPC: rpcUrl, CONCORDAT_ADDRESS_BOOK: file } = process.env;
      if (rpcUrl === undefined || file === undefined) return;
      server.middlewares.use("/config.json", (_request, response) => {
        const addressBook = JSON.parse(readFileSync(file, "utf8")) as unknown;
        response.setHeader("content-type", "application/json");
        response.end(
          JSON.stringify({ format: "concordat/dapp/1", networks: [{ rpcUrls: [rpcUrl], addressBook }] }),
        );
      });
    },
  };
}

/**
 * Puts what the first words need before all else on a slow line: public/early.js, which stands in the page as it is, then the
 * styles; the modules, which are ten times as many bytes, give way to them.
 */
function firstWordsFirst(): Plugin {
  return {
    name: "concordat-first-words-first",
    transformIndexHtml: {
      order: "post",
      handler: (html) => {
        const styles = [...html.matchAll(/ *<link rel="stylesheet"[^>]*>\n?/g)].map(([tag]) => tag);
        const rest = styles.reduce((text, tag) => text.replace(tag, ""), html);
        return rest
          .replaceAll(/<(script type="module"|link rel="modulepreload")/g, '<$1 fetchpriority="low"')
          .replace(/( *)<script type="module"/, `$1<script src="./early.js"></script>\n${styles.join("")}$&`);
      },
    },
  };
}

export default defineConfig({
  root,
  // Any host and any path, IPFS included: every address in the build is relative.
  base: "./",
  plugins: [react(), developmentConfig(), firstWordsFirst()],
  resolve: {
    conditions: [SOURCES, ...defaultClientConditions],
    alias: {
      // Its build asks for the SDK by require(), and so for all of viem, or for viem in a form that cannot be joined.
      "@safe-global/safe-apps-provider": fileURLToPath(
        new URL("../src/index.ts", import.meta.resolve("@safe-global/safe-apps-provider")),
      ),
    },
  },
  // Where tests render components in Node.
  ssr: {
    resolve: {
      conditions: [SOURCES, ...defaultServerConditions],
      externalConditions: [SOURCES],
    },
  },
  server: { host: "127.0.0.1", port: 5173 },
  worker: { format: "es" },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    // The polyfill is an inline script, which the page's Content-Security-Policy forbids.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      output: {
        // What every first visit needs, in few files: on a slow line each further one costs a round trip. Only what it needs:
        // libraries that serve what is loaded when chosen, such as a Safe's, stay with that.
        codeSplitting: {
          groups: [
            {
              name: "libraries",
              tags: ["$initial"],
              test: /node_modules\/(react|react-dom|scheduler|@tanstack|use-sync-external-store|zustand|eventemitter3|mipd|@wagmi|wagmi|viem|ox|abitype|@noble)\//,
            },
            {
              name: "page",
              test: /(frontend\/src\/(app|ui|chain|wallet|trust|config|events|transactions)|protocol\/(events|history))\//,
            },
          ],
        },
      },
    },
  },
});
