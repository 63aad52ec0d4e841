import { z } from "zod";

const count = z.number().int().min(1);
const seed = z.number().int().min(0).max(0xffff_ffff);
const nodes = z.number().int().min(1).max(1024);

/** What all schemes but paper 1's share: each training record goes to one node at most. */
const shared = {
  seed,
  nodes,
  /** Training records that are shared out, drawn from the training file; all of them by default. */
  records: count.optional(),
  /** Part of a node's records that negotiation scores, drawn from them; 0.2 by default. */
  validationShare: z.number().positive().lt(1).optional(),
  /** Test records of a node, 200 by default, in the proportions of its training classes. */
  testSamples: count.optional(),
};

/** Paper 1: a few classes for each node, equally many records of each; nodes draw independently and may share records. */
const classes = z.strictObject({
  kind: z.literal("classes").optional(),
  seed,
  nodes,
  /** Classes that a node sees, 4 in paper 1. */
  classesPerNode: count.optional(),
  /** Records of each class for training, 150 in paper 1. */
  trainPerClass: count.optional(),
  /** Records of each class for the negotiation's scores, from the training file, apart from the training records. */
  validationPerClass: count.optional(),
  /** Records of each class in the reported test split, from the test file, 50 in paper 1. */
  testPerClass: count.optional(),
  /** Other classes in the skewed tests, drawn for each node; all by default, 6 of CIFAR-100's in paper 1's prototype. */
  skewClasses: count.optional(),
});

/** Equal shares of a shuffled training file. */
const iid = z.strictObject({ kind: z.literal("iid"), ...shared });

/** Of each class, shares drawn from Dirichlet(alpha) (Hsu et al. 2019): the smaller alpha, the fewer classes at a node. */
const dirichlet = z.strictObject({
  kind: z.literal("dirichlet"),
  ...shared,
  alpha: z.number().positive().max(1e6),
});

/** Whole persons or devices, as evenly as their number goes. */
const subjects = z.strictObject({ kind: z.literal("subjects"), ...shared });

/**
 * Shares of unequal size of a shuffled training file: rank^-exponent (1 by default), ranks dealt at random, or, with alpha,
 * drawn from Dirichlet(alpha).
 */
const quantity = z.strictObject({
  kind: z.literal("quantity"),
  ...shared,
  exponent: z.number().min(0).max(10).optional(),
  alpha: z.number().positive().max(1e6).optional(),
});

/** The ways to divide a dataset among the nodes of a federation, by kind. */
export const PARTITION_SCHEMES = { classes, iid, dirichlet, subjects, quantity } as const;
/** Everything that a partition depends on, besides the data. */
export const partitionSpecSchema = z.discriminatedUnion("kind", [
  classes,
  iid,
  dirichlet,
  subjects,
  quantity,
]);
export type PartitionSpec = z.infer<typeof partitionSpecSchema>;
export type ClassesSpec = z.infer<typeof classes>;
export type SharedSpec = Exclude<PartitionSpec, ClassesSpec>;
