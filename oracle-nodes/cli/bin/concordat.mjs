#!/usr/bin/env node
// The `concordat` command. Its sources are TypeScript, which Node runs by itself from 22.18 on; under an older Node this
// file starts itself again on the Node that is pinned in package.json, and passes signals and the exit code through.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { whenOrphaned } from "./whenOrphaned.mjs";

// What waits for SIGTERM stops in order; everything else ends.
whenOrphaned(() => {
  if (!process.emit("SIGTERM", "SIGTERM")) process.exit(143);
});

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  const warn = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    const type = typeof rest[0] === "object" ? rest[0]?.type : rest[0];
    if (type !== "ExperimentalWarning") warn.call(process, warning, ...rest);
  };
  if (existsSync(new URL("../main.ts", import.meta.url))) {
    // Not above: an older Node lacks what it imports.
    const { useSources } = await import("./useSources.mjs");
    useSources();
  }
  const { main } = await import("#main");
  await main(process.argv.slice(2));
} else {
  runOnPinnedNode();
}

function runOnPinnedNode() {
  const binary = pinnedNode();
  if (binary === undefined) {
    console.error(
      `concordat: Node ${process.versions.node} is too old and no newer one came with the installation. ` +
        "Install Node 24, or run `npm ci` again without --omit=optional",
    );
    process.exit(2);
  }
  // The channel tells the child when this process is killed.
  const stdio = ["inherit", "inherit", "inherit", "ipc"];
  const child = spawn(binary, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`concordat: ${binary} does not start (${error.message}). Run \`npm ci\` again`);
    process.exit(2);
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

/** The real binary of the package that pins Node for this platform, if it is installed. */
function pinnedNode() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${platform}-${process.arch}/package.json`);
    return join(dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node");
  } catch {
    return undefined;
  }
}
