import { z } from "zod";

/** Names this version of the protocol between a node and a training program (docs/process-trainer.md). */
export const TRAINER_PROTOCOL = "concordat/trainer/1";

/** What a program may say that it can do beyond plain training; what it does not name is never asked of it. */
export const TRAINER_FEATURES = ["proximal", "correction", "moves", "epochs", "regression"] as const;

/** The answer to `hello`. */
export const helloSchema = z.object({
  protocol: z.literal(TRAINER_PROTOCOL),
  /** For logs and errors. */
  name: z.string().min(1).max(200),
  /** `node`: the node hands over its normalised samples. `own`: the program has a data loader of its own. */
  data: z.enum(["node", "own"]),
  supports: z.array(z.string().max(100)).max(100).default([]),
});
export type Hello = z.infer<typeof helloSchema>;

/** The answer to `load`; what stands in it is left alone. */
export const loadedSchema = z.object({});

/** The answer to `train`; the weights stand in the file that the command named. */
export const trainedSchema = z.object({
  /** Mean loss over the last epoch; null where it is no longer a number. */
  loss: z.number().nullable(),
  /** Records that were trained on. */
  samples: z.number().int().min(1),
});

/** The answer to `evaluate`. */
export const evaluatedSchema = z
  .object({
    correct: z.number().int().min(0),
    total: z.number().int().min(1),
    /** In a regression: the sum of |output - target|. */
    absoluteError: z.number().min(0).optional(),
  })
  .refine(({ correct, total }) => correct <= total, "more is correct than was asked");

export const progressSchema = z.object({
  epoch: z.number().int().min(1),
  epochs: z.number().int().min(1),
  step: z.number().int().min(0),
  steps: z.number().int().min(0),
  loss: z.number().optional(),
});
export type Progress = z.infer<typeof progressSchema>;

/** One line from the program: progress of the command with this id, or its end. */
export const lineSchema = z.union([
  z.object({ id: z.number().int(), progress: progressSchema }),
  z.object({ id: z.number().int(), done: z.record(z.string(), z.unknown()) }),
  z.object({ id: z.number().int(), error: z.string() }),
]);
export type TrainerLine = z.infer<typeof lineSchema>;
