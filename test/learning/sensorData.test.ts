import { expect } from "chai";
import { strToU8, zipSync } from "fflate";
import { type Split } from "#learning/data/dataset";
import { loadDataset } from "#learning/data/loadDataset";
import { cutSegments } from "#learning/data/sensorWindows";
import { dataFolder, inputError } from "./dataFolder.ts";

const SIGNALS = ["body_acc", "body_gyro", "total_acc"].flatMap((s) =>
  ["x", "y", "z"].map((a) => `${s}_${a}`),
);

/** Lines as the official files have them: blanks before every value, exponents. */
const lines = (rows: readonly (readonly number[])[]): string =>
  rows.map((row) => `${row.map((value) => value.toExponential(7).padStart(16)).join("")}\n`).join("");

/** The files of a split with `count` windows; channel c of window w has the value 100 c + w + t / 1000 at time t. */
function uciSplit(split: "train" | "test", count: number, windows = count): Record<string, string> {
  const column = (of: (i: number) => number) =>
    Array.from({ length: count }, (_, i) => `${of(i)}\n`).join("");
  return {
    [`${split}/y_${split}.txt`]: column((i) => 1 + (i % 6)),
    [`${split}/subject_${split}.txt`]: column((i) => 1 + (i % 30)),
    ...Object.fromEntries(
      SIGNALS.map((signal, c) => [
        `${split}/Inertial Signals/${signal}_${split}.txt`,
        lines(
          Array.from({ length: windows }, (_, w) =>
            Array.from({ length: 128 }, (_t, t) => 100 * c + w + t / 1000),
          ),
        ),
      ]),
    ),
  };
}

describe("the inertial signals of UCI HAR", function () {
  this.timeout(30_000);
  const folder = dataFolder();
  const uci = () => ({ ...uciSplit("train", 7), ...uciSplit("test", 2) });
  const inOfficialFolder = (files: Record<string, string>) =>
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`UCI HAR Dataset/${name}`, text]));
  const failure = async () => (await inputError(loadDataset("uci-har", folder.path))).message;

  it("are windows of 128 samples in nine channels, with activity and person", async () => {
    await folder.put(inOfficialFolder(uci()));
    const { train, test, inputShape, classes } = await loadDataset("uci-har", folder.path);
    expect([inputShape, classes, train.count, test.count]).to.deep.equal([[128, 9], 6, 7, 2]);
    expect([...train.labels]).to.deep.equal([0, 1, 2, 3, 4, 5, 0]);
    expect([...(train.subjects ?? [])]).to.deep.equal([1, 2, 3, 4, 5, 6, 7]);
    expect(train.features[5 * 128 * 9 + 20 * 9 + 8]).to.be.closeTo(805.02, 1e-3);
  });

  it("are refused when a file is missing, cut short, foreign or of another split", async () => {
    await folder.put(uci());
    const gyro = "train/Inertial Signals/body_gyro_x_train.txt";
    const good = uci()[gyro] ?? "";
    const bad: readonly (readonly [string, string, string])[] = [
      [gyro, good.slice(0, 5000), "line 3 has"],
      [gyro, "<html>\n", "line 1 has 1 values, not 128"],
      [gyro, good.replace("e+2", "e+x"), "which is not a number"],
      [
        gyro,
        good.replace(/\S+/, "1e39"),
        'line 1 holds "1e39", which is beyond what a model\'s float32 holds',
      ],
      [gyro, good.replace(/\S+/, "0x10"), "not a decimal number"],
      [gyro, uciSplit("train", 6)[gyro] ?? "", "has 6 records but"],
      [gyro, "", "is empty"],
      ["train/y_train.txt", "1\n2\n7\n4\n5\n6\n1\n", "line 3 holds 7, not a whole number from 1 to 6"],
      ["train/subject_train.txt", "1\n2\n", "has 2 records but"],
    ];
    for (const [name, text, message] of bad) {
      await folder.put({ ...uci(), [name]: text });
      expect(await failure())
        .to.include(message)
        .and.to.include(name);
    }
    expect((await inputError(loadDataset("uci-har", `${folder.path}/train`))).message).to.include(
      "is missing",
    );
  });
});

/** One official table: 50 Hz with a little jitter; axis a has the value a + time in seconds. */
function sensorTable(seconds: number, startMs = 1_436_000_000_000, offset = 0): string {
  const rows = ["id,attr_time,attr_x,attr_y,attr_z"];
  for (let i = 0; i * 20 <= seconds * 1000; i++) {
    const time = startMs + i * 20 + (i % 3) - 1;
    const at = (time - startMs) / 1000;
    rows.push(`${i + 1},${time},${offset + at},${offset + 1 + at},${offset + 2 + at}`);
  }
  return rows.join("\n");
}

describe("RealWorld (HAR)", function () {
  this.timeout(30_000);
  const folder = dataFolder();
  const zip = (files: Record<string, string | Uint8Array>) =>
    zipSync(
      Object.fromEntries(Object.entries(files).map(([n, c]) => [n, typeof c === "string" ? strToU8(c) : c])),
    );

  /** One person walks in two folders' worth of zips, another climbs in zips within zips, a third is unpacked. */
  const official = () => ({
    "proband1/data/acc_walking_csv.zip": zip({
      "acc_walking_waist.csv": sensorTable(60),
      "acc_walking_chest.csv": sensorTable(30),
    }),
    "proband1/data/gyr_walking_csv.zip": zip({
      "Gyroscope_walking_waist.csv": sensorTable(60, undefined, 10),
      "Gyroscope_walking_chest.csv": sensorTable(30, undefined, 10),
    }),
    "proband4/data/acc_climbingup_csv.zip": zip({
      "acc_climbingup_1_csv.zip": zip({ "acc_climbingup_waist.csv": sensorTable(15) }),
      "acc_climbingup_2_csv.zip": zip({ "acc_climbingup_2_waist.csv": sensorTable(15) }),
    }),
    "proband4/data/gyr_climbingup_csv.zip": zip({
      "gyr_climbingup_csv.zip": zip({ "Gyroscope_climbingup_waist.csv": sensorTable(15) }),
      "gyr_climbingup_2_csv.zip": zip({ "Gyroscope_climbingup_2_waist.csv": sensorTable(15) }),
    }),
    "proband8/data/acc_standing_csv/acc_standing_2_waist.csv": sensorTable(60),
    "proband8/data/gyr_standing_csv/Gyroscope_standing_2_waist.csv": sensorTable(60),
  });
  const countBy = (splits: readonly Split[], of: "labels" | "subjects") => {
    const counts: Record<number, number> = {};
    for (const split of splits) split[of]?.forEach((value) => (counts[value] = (counts[value] ?? 0) + 1));
    return counts;
  };

  it("is read from zips, zips within zips and unpacked folders, one position of both sensors", async () => {
    await folder.put(official());
    const { train, test, inputShape, classNames } = await loadDataset("realworld-har", folder.path);
    expect(inputShape).to.deep.equal([128, 6]);
    expect(classNames?.[1]).to.equal("climbingup");
    // 60 s are 3,001 ticks at most: five segments of eight windows; 15 s are one segment of eight and one window.
    expect(countBy([train, test], "subjects")).to.deep.equal({ 1: 40, 4: 18, 8: 40 });
    expect(countBy([train, test], "labels")).to.deep.equal({ 7: 40, 1: 18, 6: 40 });
    expect(test.count).to.be.greaterThan(0);
  });

  it("takes the position that is asked for", async () => {
    await folder.put(official());
    const chest = { ...(await loadDataset("realworld-har", folder.path)), position: "chest" as const };
    const { train: _train, test: _test, ...terms } = chest;
    const { train, test } = await loadDataset(terms, folder.path);
    expect(countBy([train, test], "subjects")).to.deep.equal({ 1: 20 });
    await folder.put({ "schema.json": '{"position": "chest"}' });
    expect((await loadDataset("realworld-har", folder.path)).name).to.equal("realworld-har");
  });

  it("brings both sensors to one clock: what grows with time is interpolated exactly", async () => {
    await folder.put(official());
    const { train } = await loadDataset("realworld-har", folder.path);
    const first = [...train.features.subarray(0, 128 * 6)];
    for (let t = 1; t < 128; t++) {
      for (let channel = 0; channel < 6; channel++) {
        const step = (first[t * 6 + channel] ?? 0) - (first[(t - 1) * 6 + channel] ?? 0);
        expect(step).to.be.closeTo(0.02, 1e-4);
      }
    }
  });

  it("shares no sample between windows for training and for tests", async () => {
    await folder.put(official());
    const { train, test } = await loadDataset("realworld-har", folder.path);
    const timesOf = (split: Split, subject: number): Set<number> => {
      const times = new Set<number>();
      split.subjects?.forEach((who, window) => {
        if (who !== subject) return;
        for (let t = 0; t < 128; t++)
          times.add(Math.round(50 * (split.features[(window * 128 + t) * 6] ?? 0)));
      });
      return times;
    };
    const trained = timesOf(train, 1);
    const tested = timesOf(test, 1);
    expect(tested.size).to.be.greaterThan(500);
    expect([...tested].filter((time) => trained.has(time))).to.deep.equal([]);
  });

  it("never interpolates over a pause of a sensor", () => {
    const times = Float64Array.from({ length: 400 }, (_, i) => i * 20 + (i >= 200 ? 5_000 : 0));
    const values = Float32Array.from({ length: 1200 }, (_, i) => (Math.floor(i / 3) >= 200 ? 1 : 0));
    const windows = cutSegments([{ times, values }]).flat();
    expect(windows.length).to.equal(4);
    for (const window of windows) expect(new Set(window).size).to.equal(1);
  });

  it("is refused when nothing is there, a zip is damaged or a table is foreign", async () => {
    expect((await inputError(loadDataset("realworld-har", folder.path))).message).to.include(
      "No acc_*_waist.csv",
    );
    const good = official();
    const name = "proband1/data/acc_walking_csv.zip";
    await folder.put({ ...good, [name]: good[name].subarray(0, 500) });
    expect((await inputError(loadDataset("realworld-har", folder.path))).message).to.include(
      "damaged zip file",
    );
    await folder.put({ ...good, [name]: zip({ "acc_walking_waist.csv": "a,b\n1,2\n" }) });
    expect((await inputError(loadDataset("realworld-har", folder.path))).message).to.include(
      "no columns attr_time",
    );
    const cut = sensorTable(60).slice(0, -20);
    await folder.put({ ...good, [name]: zip({ "acc_walking_waist.csv": cut }) });
    expect((await inputError(loadDataset("realworld-har", folder.path))).message).to.match(/line \d+ is not/);
  });
});
