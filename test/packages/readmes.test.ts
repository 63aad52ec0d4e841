import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const READMES = globSync(["{protocol,audit,deploy}/README.md", "oracle-nodes/*/README.md"], { cwd: ROOT });

describe("the example of each package's README", function () {
  this.timeout(120_000);

  it("stands in every package", () => {
    const packages = globSync(["{protocol,audit,deploy}/package.json", "oracle-nodes/*/package.json"], {
      cwd: ROOT,
    });
    expect(READMES.map(dirname).toSorted()).to.deep.equal(packages.map(dirname).toSorted());
  });

  for (const file of READMES) {
    it(`${dirname(file)} prints what it says`, async () => {
      const text = readFileSync(join(ROOT, file), "utf8");
      const [, code, output] = /```js\n(.*?)```\n\n```text\n(.*?)```/s.exec(text) ?? [];
      if (code === undefined || output === undefined)
        throw new Error(`${file} has no example with its output`);
      // Beside the tests, so that it finds what the repository has installed.
      const script = join(ROOT, "test", "packages", `.example-${file.replaceAll(/\W/g, "-")}.mjs`);
      try {
        await writeFile(script, code);
        const { stdout } = await run(process.execPath, ["--conditions=@concordat/source", script], {
          cwd: ROOT,
        });
        expect(stdout.trimEnd()).to.equal(output.trimEnd());
      } finally {
        await rm(script, { force: true });
      }
    });
  }
});
