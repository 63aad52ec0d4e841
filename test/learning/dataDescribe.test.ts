import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { dataFolder } from "./dataFolder.ts";
import { encodePng } from "./pngEncoder.ts";

const COMMAND = fileURLToPath(new URL("../../oracle-nodes/cli/bin/concordat.mjs", import.meta.url));

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

const concordat = (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [COMMAND, ...args], { timeout: 60_000 }, (error, output, errors) => {
      resolve({
        code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
        output,
        errors,
      });
    });
  });

describe("concordat data describe", function () {
  this.timeout(120_000);
  const folder = dataFolder();
  const clear = encodePng({
    width: 3,
    height: 3,
    depth: 8,
    colourType: 6,
    sample: (x, y, c) => 80 * ((x + y + c) % 4),
  });

  it("says how a folder of pictures was understood, and what was left out", async () => {
    await folder.put({
      "train/cat/a.png": clear,
      "train/cat/b.webp": "x",
      "train/dog/a.PNG": clear,
      "Val/cat/a.png": clear,
      "__MACOSX/train/cat/._a.png": "x",
    });
    const describe = ["data", "describe", "image-folder", "--dir", folder.path];
    const sheet = `${folder.path}-sheet.png`;
    const { code, output } = await concordat(...describe, "--sheet", sheet);
    await rm(sheet);
    expect(code).to.equal(0);
    expect(output).to.match(/transparency +laid over white/);
    expect(output).to.match(/training records +2\n.*test records +1\n/);
    expect(output).to.include("  train trains, Val tests\n");
    expect(output).to.include("  3 pictures are transparent in part and laid over white: ");
    expect(output).to.include("  Skipped 1 file of a format that is not read (WebP): train/cat/b.webp\n");
    expect(output).to.include(
      "Skipped 1 file or folder left by an operating system or a program: __MACOSX/\n",
    );
    const json = JSON.parse((await concordat(...describe, "--json")).output) as {
      report: { skipped: unknown[] };
    };
    expect(json.report.skipped).to.have.length(2);
  });

  it("refuses bad data in one line, with exit code 2", async () => {
    await folder.put({ "cat/a.bmp": "x", "dog/a.png": clear });
    const pictures = await concordat("data", "describe", "image-folder", "--dir", folder.path);
    expect([pictures.code, pictures.output]).to.deep.equal([2, ""]);
    expect(pictures.errors).to.match(
      /^concordat: .*cat has no picture that can be read, only 1 file .*BMP.*\n$/,
    );
    await folder.put({
      "schema.json":
        '{"columns": [{"kind": "numeric", "name": "x"}], "target": {"kind": "class", "name": "y", "values": ["a", "b"]}}',
      "data.csv": "x,y\n1,a\n1e39,b\n",
    });
    const table = await concordat("data", "describe", "csv", "--dir", folder.path);
    expect([table.code, table.output]).to.deep.equal([2, ""]);
    expect(table.errors).to.match(/^concordat: .*data\.csv line 3: x is "1e39", beyond .*\n$/);
  });
});
