// Waits until a source or a test changes.
import { readdirSync, watch } from "node:fs";
import { sep } from "node:path";

/** Folders of the root that hold what is installed, built or kept, not written. */
const NOT_SOURCES = new Set(["node_modules", "artifacts", "cache", "typechain", "coverage"]);
const IN_BETWEEN = /(^|[\\/])(node_modules|dist|addresses|deployments)[\\/]/;
const SOURCE = /\.(ts|tsx|mjs|js|sol|json|css|html|svg|md|yaml|py|service)$/;
/** Milliseconds: an editor writes a file in several steps, and a checkout many files. */
const SETTLES_IN = 200;

/** Starts to watch the root's folders: a change is not missed while tests run. */
export function watchSources() {
  let changed;
  let tell = () => {};
  const folders = readdirSync(".", { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && !NOT_SOURCES.has(entry.name))
    .map((entry) => entry.name);
  for (const folder of folders) {
    watch(folder, { recursive: true }, (_, file) => {
      if (file === null || !SOURCE.test(file) || IN_BETWEEN.test(file)) return;
      changed = `${folder}${sep}${file}`;
      tell();
    });
  }
  return {
    /** Resolves with the path of a file that has changed since the last call. */
    async next() {
      if (changed === undefined) await new Promise((resolve) => (tell = resolve));
      await new Promise((resolve) => setTimeout(resolve, SETTLES_IN));
      const file = changed;
      changed = undefined;
      return file;
    },
  };
}
