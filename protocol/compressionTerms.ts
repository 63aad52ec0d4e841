import { z } from "zod";

/** How an update is made smaller before it is stored. */
export const compressionSchema = z.discriminatedUnion("kind", [z.strictObject({ kind: z.literal("none") })]);
export type CompressionTerms = z.infer<typeof compressionSchema>;
