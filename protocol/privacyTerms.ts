import { z } from "zod";

/** How an update is made private before it leaves its node. */
export const privacySchema = z.discriminatedUnion("kind", [z.strictObject({ kind: z.literal("none") })]);
export type PrivacyTerms = z.infer<typeof privacySchema>;
