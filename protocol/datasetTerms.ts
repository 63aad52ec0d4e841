import { z } from "zod";

const positiveInt = z.number().int().positive();

/** The datasets that this release knows, by name. */
export const DATASET_NAMES = ["digits", "mnist", "cifar10"] as const;
export type DatasetName = (typeof DATASET_NAMES)[number];

/** What a task's data is: where it comes from, its shape, its target, and how it is normalised. */
export const datasetSchema = z.strictObject({
  name: z.enum(DATASET_NAMES),
  /** [height, width, channels] of one image. */
  inputShape: z.array(positiveInt).length(3),
  classes: z.number().int().min(2).max(65_535),
  /** Per channel, applied to pixels scaled to 0..1: (x - mean) / std. */
  mean: z.array(z.number()),
  std: z.array(z.number().positive()),
});
export type DatasetTerms = z.infer<typeof datasetSchema>;
