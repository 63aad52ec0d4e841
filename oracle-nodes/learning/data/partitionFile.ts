import { readFile } from "node:fs/promises";
import canonicalize from "canonicalize";
import { z } from "zod";
import { InputError } from "@concordat/protocol/errors";
import { datasetDigest } from "./datasetDigest.ts";
import type { Dataset } from "./dataset.ts";
import { partitionDigest } from "../partition/partition.ts";
import { type Partition } from "../partition/nodePartition.ts";
import { type PartitionSpec, partitionSpecSchema } from "../partition/scheme.ts";

const index = z.number().int().min(0);
const indices = z.array(index);
const digest = z.string().regex(/^0x[0-9a-f]{64}$/);
const schema = z.strictObject({
  format: z.literal("concordat/partition/1"),
  dataset: z.strictObject({ name: z.string(), digest }),
  spec: partitionSpecSchema,
  nodes: z.array(
    z.strictObject({
      node: index,
      classes: indices,
      train: indices.min(1),
      validation: indices.min(1),
      test: indices,
      skewed: z.array(z.strictObject({ levelBps: index, shareBps: index, test: indices })),
    }),
  ),
  /** Of `nodes`. */
  digest,
});

/** An index file: who has which records of which data, in canonical JSON. */
export function encodePartition(
  dataset: Dataset,
  spec: PartitionSpec,
  { nodes, digest: own }: Partition,
): string {
  const file = {
    format: "concordat/partition/1",
    dataset: { name: dataset.name, digest: datasetDigest(dataset) },
    spec,
    nodes,
    digest: own,
  };
  return canonicalize(file) ?? "";
}

/**
 * Reads an index file for the data that a node has.
 * @param expected The partition's digest, where the federation agreed on one.
 * @throws {InputError} when the file is missing, damaged, another one than expected, or made for other data.
 */
export async function readPartition(path: string, dataset: Dataset, expected?: string): Promise<Partition> {
  const { nodes, digest: stated, dataset: of } = parseFile(path, await readText(path));
  const found = partitionDigest(nodes);
  if (found !== stated) {
    throw new InputError(`${path} was changed: its digest is ${found}, but it says ${stated}`, {
      hint: "Get the file again",
    });
  }
  if (expected !== undefined && expected !== found) {
    throw new InputError(`${path} is the partition ${found}, not ${expected}`, {
      hint: "Get the federation's file",
    });
  }
  const have = datasetDigest(dataset);
  if (of.digest !== have) {
    throw new InputError(
      `${path} was made for other data: ${of.name} ${of.digest}, but this is ${dataset.name} ${have}`,
      {
        hint: "Use the files that the partition was made from",
      },
    );
  }
  for (const { node, train, validation, test, skewed } of nodes) {
    const trained = new Set(train);
    const isInside =
      [...train, ...validation].every((i) => i < dataset.train.count) &&
      [test, ...skewed.map((level) => level.test)].flat().every((i) => i < dataset.test.count);
    if (!isInside || validation.some((i) => trained.has(i))) {
      throw new InputError(
        `${path}: node ${node} has records that do not exist or that it both trains on and validates with`,
        {
          hint: "Make the file again with concordat data partition",
        },
      );
    }
  }
  return { nodes, digest: found };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new InputError(`The index file ${path} cannot be read`, {
      hint: "Make one with concordat data partition",
      cause,
    });
  }
}

function parseFile(path: string, text: string): z.infer<typeof schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InputError(`${path} is not JSON`, {
      hint: "Give an index file of concordat data partition",
      cause,
    });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new InputError(`${path}: ${issue?.path.join(".") || "file"}: ${issue?.message ?? "invalid"}`, {
    hint: "Give an index file of concordat data partition",
  });
}
