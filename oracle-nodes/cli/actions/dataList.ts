import { DATASET_NAMES, type DatasetName } from "@concordat/protocol/manifest/datasetTerms";
import { OFFICIAL_TERMS } from "@concordat/learning/data/officialTerms";
import { SOURCES } from "../data/sources.ts";
import { print, printJson, table } from "@concordat/console/output";

export interface DataListOptions {
  readonly json?: true;
}

/** Datasets that are a person's own, or need a choice. */
const OTHERS: Readonly<Partial<Record<DatasetName, readonly [holds: string, from: string]>>> = {
  digits: ["10 classes, 16 x 16 x 1", "built in"],
  "realworld-har": ["8 classes, 128 x 6, one of seven sensors", "data fetch"],
  "image-folder": ["PNG and JPEG, one folder per class", "your own"],
  csv: ["tables with a schema.json: classes or a number", "your own"],
};

/** `concordat data list`. */
export function runDataList({ json }: DataListOptions): void {
  const rows = DATASET_NAMES.map((name) => {
    const official = name in OFFICIAL_TERMS ? OFFICIAL_TERMS[name as keyof typeof OFFICIAL_TERMS] : undefined;
    const shape = official && `${official.classes} classes, ${official.inputShape.join(" x ")}`;
    const [holds, from] = OTHERS[name] ?? [shape ?? "", "data fetch"];
    return { name, holds, from, page: SOURCES[name]?.page ?? "" };
  });
  if (json) return printJson(rows);
  print(
    table(
      [{ head: "dataset" }, { head: "holds" }, { head: "comes from" }, { head: "described at" }],
      rows.map(({ name, holds, from, page }) => [name, holds, from, page]),
    ),
  );
}
