// Packs the workspaces as others install them, JavaScript with type declarations: `node tools/pack.mjs FOLDER` writes a tarball of each.
import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("Say where to: node tools/pack.mjs FOLDER");
  process.exit(2);
}
const target = resolve(folder);
process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const { references } = JSON.parse(readFileSync("tsconfig.packages.json", "utf8"));
const packages = [...references.map(({ path }) => path), "frontend"];

for (const { path } of references) rmSync(join(path, "dist"), { recursive: true, force: true });
run(join("node_modules", ".bin", "tsc"), "-b", "tsconfig.packages.json");
// What the compiler leaves behind: pages, and the compiled contracts without those of the tests.
for (const file of globSync("audit/index/page/*")) copy(file, file.replace("audit/", "audit/dist/"));
rmSync("deploy/artifacts", { recursive: true, force: true });
cpSync("artifacts", "deploy/artifacts", {
  recursive: true,
  filter: (path) => !/artifacts\/contracts\/test\b/.test(path),
});
try {
  mkdirSync(target, { recursive: true });
  run(
    "npm",
    "pack",
    "--silent",
    "--ignore-scripts",
    "--pack-destination",
    target,
    ...packages.map((path) => `./${path}`),
  );
} finally {
  rmSync("deploy/artifacts", { recursive: true, force: true });
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, {
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (status === 0) return;
  throw new Error(`${command} ${args.slice(0, 3).join(" ")} failed`, { cause: error });
}
