import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import {
  csvSchema,
  type CsvSchema,
  SENSOR_POSITIONS,
  type SensorPosition,
} from "@concordat/protocol/manifest/datasetTerms";
import { InputError } from "@concordat/protocol/errors";

const FILE = "schema.json";
const side = z.number().int().min(1).max(1024);
const imageFolderSchema = z.strictObject({
  inputShape: z.tuple([side, side, z.union([z.literal(1), z.literal(3)])]),
});
const positionSchema = z.strictObject({ position: z.enum(SENSOR_POSITIONS) });

/** What the columns of a folder's tables mean, as its schema.json says. @throws {InputError} when that is missing or wrong. */
export async function readCsvSchema(directory: string): Promise<CsvSchema> {
  const schema = await readSchema(directory, csvSchema);
  if (schema !== undefined) return schema;
  throw new InputError(`${FILE} is missing from ${directory}`, {
    hint: 'Write there what the columns mean: {"columns": [{"kind": "numeric", "name": "age"}], "target": {"kind": "class", "name": "ill", "values": ["no", "yes"]}}',
  });
}

/** The shape that a folder's images are brought to, if its schema.json says one. @throws {InputError} when that is wrong. */
export async function readImageSchema(directory: string): Promise<{ inputShape?: number[] }> {
  return (await readSchema(directory, imageFolderSchema)) ?? {};
}

/** The sensor that a folder's schema.json chooses, if any. @throws {InputError} when that is wrong. */
export async function readPosition(directory: string): Promise<SensorPosition | undefined> {
  return (await readSchema(directory, positionSchema))?.position;
}

async function readSchema<T>(directory: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const path = join(directory, FILE);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR"))
      return undefined;
    const why = cause instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw new InputError(`${path} ${why}`, { hint: "Correct the file", cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new InputError(`${path}: ${issue?.path.join(".") || "schema"}: ${issue?.message ?? "invalid"}`, {
    hint: "Correct this field of the file",
  });
}
