import { z } from "zod";
import { MANIFEST_TERMS } from "../terms/manifestTerms.ts";

/** Share of the trainable weights whose change is kept, in basis points; at least one weight is. */
const keepBps = z.number().int().min(MANIFEST_TERMS.keepBps.least).max(MANIFEST_TERMS.keepBps.most);
/** Bits of a quantised value. */
const bits = z.literal(8);

/**
 * How an update is made smaller before it is stored: nothing; the greatest changes alone; every change in 8 bits; the
 * greatest changes in 8 bits. All but `none` say the change against w_G^{t-1} (see compressedUpdate.ts).
 */
export const compressionSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({ kind: z.literal("top-k"), keepBps }),
  z.strictObject({ kind: z.literal("quantised"), bits }),
  z.strictObject({ kind: z.literal("top-k-quantised"), keepBps, bits }),
]);
export type CompressionTerms = z.infer<typeof compressionSchema>;

/** Share of the weights that top-k keeps where nobody names another: 1 %. */
const DEFAULT_KEEP_BPS = 100;

/** The terms of a kind; the share is left out where nothing is chosen by it. */
export function compressionOf(kind: CompressionTerms["kind"], share = DEFAULT_KEEP_BPS): CompressionTerms {
  switch (kind) {
    case "none":
      return { kind };
    case "quantised":
      return { kind, bits: 8 };
    case "top-k":
      return { kind, keepBps: share };
    case "top-k-quantised":
      return { kind, keepBps: share, bits: 8 };
  }
}
