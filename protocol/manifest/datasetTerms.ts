import { z } from "zod";

const positiveInt = z.number().int().positive();
const label = z.string().min(1).max(200);

/** The bounds of what a manifest may say about its data. */
export const DATASET_LIMITS = { maxClasses: 65_535, maxValues: 1 << 22, maxColumns: 4096 } as const;

/** Datasets whose official files say all there is to say. */
export const OFFICIAL_DATASETS = [
  "digits",
  "mnist",
  "fashion-mnist",
  "cifar10",
  "cifar100",
  "uci-har",
] as const;

/** The datasets that this release knows, by name. */
export const DATASET_NAMES = [...OFFICIAL_DATASETS, "realworld-har", "image-folder", "csv"] as const;
export type DatasetName = (typeof DATASET_NAMES)[number];

/** Where a sensor of RealWorld (HAR) was worn. */
export const SENSOR_POSITIONS = ["chest", "forearm", "head", "shin", "thigh", "upperarm", "waist"] as const;
export type SensorPosition = (typeof SENSOR_POSITIONS)[number];

/** A column of a table that a model sees: a number as it is, or one indicator for each known value. */
const csvColumn = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("numeric"), name: label }),
  z.strictObject({
    kind: z.literal("category"),
    name: label,
    values: z.array(label).min(2).max(DATASET_LIMITS.maxColumns),
  }),
]);
export type CsvColumn = z.infer<typeof csvColumn>;

/** The column that a model predicts. */
const csvTarget = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("class"),
    name: label,
    values: z.array(label).min(2).max(DATASET_LIMITS.maxClasses),
  }),
  /** A model predicts (value - offset) / scale, and its error is measured in that unit, equal for all nodes. */
  z.strictObject({
    kind: z.literal("number"),
    name: label,
    offset: z.number(),
    scale: z.number().positive(),
  }),
]);

/** What the columns of a table mean. Columns of the file that are not named here are left alone. */
export const csvSchema = z.strictObject({
  columns: z.array(csvColumn).min(1).max(DATASET_LIMITS.maxColumns),
  target: csvTarget,
});
export type CsvSchema = z.infer<typeof csvSchema>;

const shared = {
  /** [height, width, channels] of an image, [steps, channels] of a sensor's window, [features] of a row. */
  inputShape: z.array(positiveInt).min(1).max(3),
  /** Classes to tell apart; 1 is a regression: one number to predict. */
  classes: z.number().int().min(1).max(DATASET_LIMITS.maxClasses),
  classNames: z.array(label).optional(),
  /** Per channel (last axis): (x - mean) / std, bytes first scaled to 0..1. Both empty: each node fits its own. */
  mean: z.array(z.number()),
  std: z.array(z.number().positive()),
};

/** What a task's data is: where it comes from, its shape, its target, and how it is normalised. */
export const datasetSchema = z
  .discriminatedUnion("name", [
    z.strictObject({ name: z.enum(OFFICIAL_DATASETS), ...shared }),
    z.strictObject({ name: z.literal("realworld-har"), position: z.enum(SENSOR_POSITIONS), ...shared }),
    z.strictObject({ name: z.literal("image-folder"), ...shared, classNames: z.array(label).min(2) }),
    z.strictObject({ name: z.literal("csv"), ...shared, ...csvSchema.shape }),
  ])
  .superRefine((terms, context) => {
    for (const [field, message] of contradictions(terms)) {
      context.addIssue({ code: "custom", path: [field], message });
    }
  });
export type DatasetTerms = z.infer<typeof datasetSchema>;

/** Whether each node fits mean and standard deviation on its own training records. */
export function normalisesItself({ mean }: Pick<DatasetTerms, "mean">): boolean {
  return mean.length === 0;
}

/** Values of one record. */
export function recordSize({ inputShape }: { readonly inputShape: readonly number[] }): number {
  return inputShape.reduce((product, dimension) => product * dimension, 1);
}

/** The channels of a table that say yes or no: one for each value of a categorical column. */
export function indicatorChannels(terms: DatasetTerms): number[] {
  if (terms.name !== "csv") return [];
  return terms.columns
    .flatMap((column) => (column.kind === "numeric" ? [false] : column.values.map(() => true)))
    .flatMap((isIndicator, channel) => (isIndicator ? [channel] : []));
}

/** Features of a row of a table: one for a number, one for each value of a category. */
export function csvFeatures(columns: readonly CsvColumn[]): number {
  return columns.reduce((sum, column) => sum + (column.kind === "numeric" ? 1 : column.values.length), 0);
}

/** What is wrong between the fields, with the field to name. */
function* contradictions(terms: DatasetTerms): Generator<readonly [field: string, message: string]> {
  const { inputShape, classes, classNames, mean, std } = terms;
  const channels = inputShape.at(-1) ?? 0;
  if (recordSize(terms) > DATASET_LIMITS.maxValues) {
    yield ["inputShape", `has more than ${DATASET_LIMITS.maxValues} values`];
  }
  const isFitted = mean.length === 0 && std.length === 0;
  if (!isFitted && (mean.length !== channels || std.length !== channels)) {
    yield [
      "mean",
      `mean and std must have ${channels} values, one per channel, or none where nodes fit their own`,
    ];
  }
  if (classNames !== undefined) {
    if (classNames.length !== classes) yield ["classNames", `must name ${classes} classes`];
    if (hasTwins(classNames)) yield ["classNames", "a name appears twice"];
  }
  if (terms.name === "image-folder" && (inputShape.length !== 3 || (channels !== 1 && channels !== 3))) {
    yield ["inputShape", "must be [height, width, 1] for grey or [height, width, 3] for colour"];
  }
  if (terms.name !== "csv") {
    if (classes === 1) yield ["classes", "must be at least 2"];
    return;
  }
  const { columns, target } = terms;
  if (inputShape.length !== 1 || channels !== csvFeatures(columns)) {
    yield ["inputShape", `must be [${csvFeatures(columns)}], what the columns give`];
  }
  const wanted = target.kind === "class" ? target.values.length : 1;
  if (classes !== wanted) yield ["classes", `must be ${wanted}, what the target gives`];
  if (hasTwins([target.name, ...columns.map(({ name }) => name)]))
    yield ["columns", "a column appears twice"];
  const categories = [...columns, target].flatMap((column) => ("values" in column ? [column.values] : []));
  if (categories.some(hasTwins)) yield ["columns", "a value appears twice"];
}

function hasTwins(names: readonly string[]): boolean {
  return new Set(names).size !== names.length;
}
