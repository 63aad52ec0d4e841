// Whether what the tests use was built before its sources changed.
import { globSync, statSync } from "node:fs";

/** Each build with the file that it writes last and the sources that go into it. */
const BUILDS = {
  contracts: { output: "protocol/contracts/abis.ts", sources: ["contracts/**/*.sol", "hardhat.config.ts"] },
  dapp: {
    output: "frontend/dist/index.html",
    sources: [
      "{frontend,protocol,audit,oracle-nodes}/**/*.{ts,tsx,js,css,html,svg,json}",
      "protocol/contracts/abis.ts",
    ],
  },
};

/** Whether a build ("contracts" or "dapp") is missing or older than one of its sources. */
export function isStale(name) {
  const { output, sources } = BUILDS[name];
  const built = changedAt(output);
  const exclude = (path) => /(^|[\\/])(node_modules|dist)$/.test(path);
  return built === 0 || globSync(sources, { exclude }).some((file) => changedAt(file) > built);
}

/** Milliseconds since 1970; 0 where there is no such file. */
function changedAt(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
