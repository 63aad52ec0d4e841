// Sizes of the dApp's chunks, raw and compressed, and what the most of each is. Fails when the scripts that every first visit
// loads are more than the budget. `node tools/bundleReport.mjs --write` keeps the table in benchmarks/results/bundle.md.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "vite";

/** Bytes of script, compressed by gzip, that a first visit may load. */
const FIRST_LOAD_BUDGET = 300_000;
const RESULT = new URL("../benchmarks/results/bundle.md", import.meta.url);

const configFile = fileURLToPath(new URL("../frontend/vite.config.ts", import.meta.url));
const { output } = await build({ configFile, logLevel: "error", build: { write: false } });
const chunks = new Map(output.filter(({ type }) => type === "chunk").map((chunk) => [chunk.fileName, chunk]));
const firstLoad = new Set();
const forTaskNames = new Set();
for (const { fileName, isEntry, name } of chunks.values()) {
  if (isEntry) addWithImports(fileName, firstLoad);
  if (name === "fetchManifest") addWithImports(fileName, forTaskNames);
}

const rows = output
  .filter(({ fileName }) => /\.(js|css|wasm)$/.test(fileName))
  .map((file) => {
    const content = Buffer.from(file.code ?? file.source);
    return {
      name: file.fileName.replace(/^assets\//, "").replace(/-[\w-]{8}(?=\.\w+$)/, ""),
      first: firstLoad.has(file.fileName),
      next: !firstLoad.has(file.fileName) && forTaskNames.has(file.fileName),
      raw: content.length,
      gzip: gzipSync(content).length,
      brotli: brotliCompressSync(content).length,
      contents: greatest([file], 3),
    };
  })
  .sort((a, b) => Number(b.first) - Number(a.first) || b.gzip - a.gzip);
const first = rows.filter((row) => row.first);
const total = (size) => sumOf(first, size);
const namesGzip = sumOf(
  rows.filter((row) => row.next),
  "gzip",
);

const report = `# Size of the dApp

Bytes of each file of the build, and the packages or folders that make up most of a chunk. The first ${first.length} scripts are what
every first visit loads; the rest comes when it is asked for. Again: \`node tools/bundleReport.mjs --write\`.

First load: ${bytes(total("raw"))} of script, ${bytes(total("gzip"))} by gzip, ${bytes(total("brotli"))} by Brotli; budget ${bytes(FIRST_LOAD_BUDGET)} by gzip.
It is made of ${greatest(
  [...firstLoad].map((name) => chunks.get(name)),
  8,
)}.

A page that shows tasks then fetches their manifests and checks them, which loads ${bytes(namesGzip)} more by gzip.

| file | first load | raw | gzip | Brotli | mostly |
| --- | --- | ---: | ---: | ---: | --- |
${rows.map(line).join("\n")}
`;
console.log(report);
if (process.argv.includes("--write")) writeFileSync(RESULT, report);
if (total("gzip") > FIRST_LOAD_BUDGET) {
  console.error(`The first load is ${bytes(total("gzip") - FIRST_LOAD_BUDGET)} bytes above its budget`);
  process.exitCode = 1;
}

function addWithImports(fileName, found) {
  if (found.has(fileName)) return;
  found.add(fileName);
  for (const imported of chunks.get(fileName)?.imports ?? []) addWithImports(imported, found);
}

/** The greatest parts of chunks with their shares before minification: packages, or folders of this repository. */
function greatest(files, most) {
  const parts = new Map();
  let sum = 0;
  for (const [id, { renderedLength }] of files.flatMap(({ modules = {} }) => Object.entries(modules))) {
    const name = partOf(id);
    parts.set(name, (parts.get(name) ?? 0) + renderedLength);
    sum += renderedLength;
  }
  return [...parts]
    .filter(([, length]) => length > 0)
    .sort((a, b) => b[1] - a[1])
    .slice(0, most)
    .map(([name, length]) => `${name} ${Math.round((100 * length) / sum)} %`)
    .join(", ");
}

function partOf(id) {
  const packaged = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id);
  if (packaged !== null) return packaged[1];
  const own = /\/(frontend\/src\/\w+|protocol|audit|oracle-nodes\/\w+)\b/.exec(id);
  return own?.[1] ?? "bundler";
}

function sumOf(files, size) {
  return files.reduce((sum, file) => sum + file[size], 0);
}

function line({ name, first: isFirst, next, raw, gzip, brotli, contents }) {
  return `| ${name} | ${isFirst ? "yes" : next ? "with tasks" : ""} | ${bytes(raw)} | ${bytes(gzip)} | ${bytes(brotli)} | ${contents} |`;
}

function bytes(length) {
  return length.toLocaleString("en");
}
