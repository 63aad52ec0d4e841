import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { strToU8, zipSync } from "fflate";
import { ConcordatError, InputError } from "#protocol/errors";
import { fetchDataset } from "#cli/data/fetchDataset";
import { type DatasetSource, SOURCES } from "#cli/data/sources";
import { loadDataset } from "#learning/data/loadDataset";
import { temporaryFolder } from "./concordat.ts";

const md5 = (bytes: Uint8Array) =>
  ({ algorithm: "md5", hex: createHash("md5").update(bytes).digest("hex") }) as const;

/** A gzipped tar archive, as `tar czf` makes it. */
function tarGz(files: Readonly<Record<string, Uint8Array>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, bytes]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(`${bytes.length.toString(8).padStart(11, "0")} `, 124);
    header.write("0", 156);
    header.write("ustar\u000000", 257);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

describe("fetching a dataset", function () {
  this.timeout(30_000);
  const folder = temporaryFolder();
  const files = new Map<string, Buffer>();
  const requests: IncomingMessage[] = [];
  /** Bytes after which the server hangs up, once: as soon as the client has some of them. */
  let hangUpAfter: number | undefined;
  let hangUp: (() => void) | undefined;
  let server: Server;
  let base: string;

  before(async () => {
    server = createServer((request, response) => {
      requests.push(request);
      const bytes = files.get(request.url ?? "");
      if (bytes === undefined) return void response.writeHead(404).end();
      const etag = `"${md5(bytes).hex}"`;
      const [, start = "0"] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
      const isRest = request.headers.range !== undefined && request.headers["if-range"] === etag;
      const body = isRest ? bytes.subarray(Number(start)) : bytes;
      const headers = { etag, "content-length": body.length };
      response.writeHead(isRest ? 206 : 200, headers);
      if (hangUpAfter === undefined) return void response.end(body);
      response.write(body.subarray(0, hangUpAfter));
      hangUp = () => request.socket.destroy();
      hangUpAfter = undefined;
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());
  beforeEach(() => {
    files.clear();
    requests.length = 0;
    hangUpAfter = undefined;
    hangUp = undefined;
  });

  const get = (source: DatasetSource, name = "some") => {
    const { signal } = new AbortController();
    const onProgress = (_file: string, received: number) => {
      if (received > 0) hangUp?.();
    };
    return fetchDataset({ name, source, dir: folder.path, signal, onProgress });
  };
  const failure = async (source: DatasetSource) => {
    const error: unknown = await get(source).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof ConcordatError))
      throw new Error(`expected a ConcordatError, got ${String(error)}`);
    expect(error.oneLine).to.not.include("\n");
    expect(error.hint).to.be.a("string");
    expect(existsSync(join(folder.path, "some")), "nothing half").to.equal(false);
    return error;
  };
  const serve = (name: string, bytes: Uint8Array) => {
    files.set(`/${name}`, Buffer.from(bytes));
    return { url: `${base}/${name}`, name };
  };
  const plain = (name: string, bytes: Uint8Array): DatasetSource => ({
    page: base,
    files: [{ ...serve(name, bytes), checksum: md5(bytes) }],
  });
  const large = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) >>> 8));

  it("downloads once, and then finds it as it was fetched", async () => {
    const source = plain("a.gz", large);
    expect(await get(source)).to.deep.include({ files: 1, wasThere: false, pinned: [] });
    expect(readFileSync(join(folder.path, "some", "a.gz")).equals(large)).to.equal(true);
    expect(readdirSync(folder.path)).to.deep.equal(["some"]);
    expect(await get(source)).to.deep.include({ files: 1, wasThere: true });
    expect(requests.length).to.equal(1);
  });

  it("refuses what has another checksum, and leaves nothing of it", async () => {
    const source = plain("a.gz", large);
    files.set("/a.gz", Buffer.from("something else"));
    expect((await failure(source)).message).to.match(/has the md5 checksum \w+, not \w+: it was removed/);
    expect(readdirSync(join(folder.path, ".some.partial"))).to.deep.equal(["content"]);
  });

  it("says when the connection ends early, and goes on where it stopped", async () => {
    const source = plain("a.gz", large);
    hangUpAfter = 100_000;
    const error = await failure(source);
    expect(error.message).to.include("ended after");
    expect(error.hint).to.include("continues where it stopped");
    await get(source);
    const [, second] = requests;
    expect(second?.headers.range).to.match(/^bytes=[1-9]\d*-$/);
    expect(readFileSync(join(folder.path, "some", "a.gz")).equals(large)).to.equal(true);
  });

  it("begins anew when the file was changed on the server in between", async () => {
    hangUpAfter = 100_000;
    await failure(plain("a.gz", large));
    const other = Buffer.from(large.map((byte) => byte ^ 1));
    await get(plain("a.gz", other));
    expect(requests[1]?.headers.range).to.match(/^bytes=[1-9]/);
    expect(readFileSync(join(folder.path, "some", "a.gz")).equals(other)).to.equal(true);
  });

  it("does not download again what came whole before another file failed", async () => {
    const source = { page: base, files: [...plain("a.gz", large).files, ...plain("b.gz", large).files] };
    files.delete("/b.gz");
    const error = await failure({ ...source, files: source.files.toReversed() });
    expect(error).to.be.instanceOf(InputError);
    expect(error.message).to.include("/b.gz answered with status 404");
    files.set("/b.gz", large);
    expect((await get(source)).files).to.equal(2);
  });

  it("says when there is no server", async () => {
    const source = { page: base, files: [{ url: "http://127.0.0.1:9/a", name: "a" }] };
    expect((await failure(source)).message).to.include("cannot be reached");
  });

  it("can be interrupted", async () => {
    const controller = new AbortController();
    const stop = new Error("stopped");
    const fetching = fetchDataset({
      name: "some",
      source: plain("a.gz", large),
      dir: folder.path,
      signal: controller.signal,
      onProgress: () => controller.abort(stop),
    });
    expect(await fetching.catch((error: unknown) => error)).to.equal(stop);
    expect(existsSync(join(folder.path, "some"))).to.equal(false);
  });

  it("pins the first download where no checksum is stated, and compares later ones", async () => {
    const source = { page: base, files: [serve("a.bin", large)] };
    const { pinned } = await get(source);
    expect(pinned[0]?.hex).to.equal(createHash("sha256").update(large).digest("hex"));
    expect(readFileSync(join(folder.path, "some.a.bin.sha256"), "utf8")).to.equal(
      `${pinned[0]?.hex}  a.bin\n`,
    );
    rmSync(join(folder.path, "some"), { recursive: true });
    expect((await get(source)).pinned).to.deep.equal([]);
    rmSync(join(folder.path, "some"), { recursive: true });
    serve("a.bin", Buffer.from("changed"));
    expect((await failure(source)).message).to.include("has the sha256 checksum");
  });

  it("never overwrites what it did not fetch, and notices what was changed", async () => {
    const source = plain("a.gz", large);
    await get(source);
    writeFileSync(join(folder.path, "some", "a.gz"), "changed");
    const changed = await get(source).catch((error: unknown) => error);
    expect(changed).to.be.instanceOf(InputError);
    expect(String(changed)).to.include("has changed since it was fetched");
    rmSync(join(folder.path, "some", "fetched.json"));
    expect(String(await get(source).catch((error: unknown) => error))).to.include("was not fetched");
  });

  it("unpacks archives within archives, and only what belongs to the dataset", async () => {
    const inner = zipSync({
      "DATA/x.txt": strToU8("x"),
      "DATA/../evil.txt": strToU8("y"),
      "__MACOSX/z.txt": strToU8("z"),
    });
    const outer = zipSync({ "inner.zip": [inner, { level: 0 }], "README.md": strToU8("r") });
    const archives = [
      { kind: "zip", keep: /^(?<path>inner\.zip)$/ },
      { kind: "zip", keep: /^(?<path>DATA\/.*\.txt)$/ },
    ] as const;
    const file = { ...serve("outer.zip", outer), checksum: md5(outer), archives };
    expect((await get({ page: base, files: [file] })).files).to.equal(1);
    expect(readFileSync(join(folder.path, "some", "DATA", "x.txt"), "utf8")).to.equal("x");
    expect(readdirSync(join(folder.path, "some"))).to.deep.equal(["DATA", "fetched.json"]);
  });

  it("says when an archive is damaged or holds something else", async () => {
    const zip = zipSync({ "a.txt": large });
    const keep = /^(?<path>a\.txt)$/;
    const cases: readonly (readonly [Uint8Array, "zip" | "tar.gz", string])[] = [
      [zip.subarray(0, 5000), "zip", "damaged archive"],
      [zip.map((byte, i) => (i === 5000 ? byte ^ 0xff : byte)), "zip", "damaged archive"],
      [zipSync({ "b.txt": large }), "zip", "none of the dataset"],
      [tarGz({ "a.txt": large }).subarray(0, 5000), "tar.gz", "damaged archive"],
      [gzipSync("<html>".padEnd(2000)), "tar.gz", "damaged archive"],
      [tarGz({ "b.txt": large }), "tar.gz", "none of the dataset"],
    ];
    for (const [bytes, kind, message] of cases) {
      const file = { ...serve("archive", bytes), checksum: md5(bytes), archives: [{ kind, keep }] };
      expect((await failure({ page: base, files: [file] })).message).to.include(message);
    }
  });

  /** The real source of a dataset, served from here. */
  const here = (name: keyof typeof SOURCES, archive: Uint8Array): DatasetSource => {
    const [file] = SOURCES[name]?.files ?? [];
    if (file === undefined) throw new Error(`no source of ${name}`);
    return { page: base, files: [{ ...file, ...serve("archive", archive), checksum: md5(archive) }] };
  };

  it("makes of CIFAR's archives the folders that are loaded", async () => {
    const record = (...labels: number[]) =>
      Buffer.concat([Buffer.from(labels), Buffer.alloc(3072, labels.at(-1))]);
    const ten = tarGz({
      "cifar-10-batches-bin/data_batch_1.bin": record(3),
      "cifar-10-batches-bin/test_batch.bin": record(4),
      "cifar-10-batches-bin/readme.html": Buffer.from("<html>"),
    });
    await get(here("cifar10", ten), "cifar10");
    expect([...(await loadDataset("cifar10", folder.path)).train.labels]).to.deep.equal([3]);
    const hundred = tarGz({
      "cifar-100-binary/train.bin": record(1, 77),
      "cifar-100-binary/test.bin": record(2, 5),
    });
    await get(here("cifar100", hundred), "cifar100");
    expect([...(await loadDataset("cifar100", folder.path)).train.labels]).to.deep.equal([77]);
  });

  it("makes of UCI HAR's archive within an archive the folder that is loaded", async () => {
    const window = `${Array.from({ length: 128 }, (_, t) => `  ${t}.0e-003`).join("")}\n`;
    const entries = (["train", "test"] as const).flatMap((split) =>
      [
        [`y_${split}`, "5\n"] as const,
        [`subject_${split}`, "30\n"] as const,
        [`X_${split}`, "1 2 3\n"] as const,
        ...["body_acc", "body_gyro", "total_acc"].flatMap((s) =>
          ["x", "y", "z"].map((axis) => [`Inertial Signals/${s}_${axis}_${split}`, window] as const),
        ),
      ].map(([name, text]) => [`UCI HAR Dataset/${split}/${name}.txt`, strToU8(text)] as const),
    );
    const inner = zipSync({
      ...Object.fromEntries(entries),
      "__MACOSX/UCI HAR Dataset/._train": strToU8(""),
    });
    const outer = zipSync({ "UCI HAR Dataset.names": strToU8(""), "UCI HAR Dataset.zip": inner });
    await get(here("uci-har", outer), "uci-har");
    const { train, test } = await loadDataset("uci-har", folder.path);
    expect([...train.labels, ...test.labels, train.features.length]).to.deep.equal([4, 4, 128 * 9]);
  });

  it("makes of RealWorld's archive the folder that is loaded", async () => {
    const rows = Array.from({ length: 2000 }, (_, i) => `${i},${1000 + 20 * i},1,2,3`);
    const table = strToU8(["id,attr_time,attr_x,attr_y,attr_z", ...rows].join("\n"));
    const outer = zipSync({
      "proband3/data/acc_lying_csv.zip": zipSync({ "acc_lying_waist.csv": table }),
      "proband3/data/gyr_lying_csv.zip": zipSync({ "Gyroscope_lying_waist.csv": table }),
      "proband3/videos/lying.mp4": large,
    });
    await get(here("realworld-har", outer), "realworld-har");
    expect(existsSync(join(folder.path, "realworld-har", "proband3", "videos"))).to.equal(false);
    const { train } = await loadDataset("realworld-har", folder.path);
    expect([train.labels[0], train.subjects?.[0]]).to.deep.equal([3, 3]);
  });
});
