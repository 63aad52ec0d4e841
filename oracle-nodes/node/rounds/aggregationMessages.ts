import { z } from "zod";

/** The gateway path at which committee members ask each other. */
export const AGGREGATION_PATH = "/concordat/aggregation";

const count = z.number().int().min(0).max(0xffff_ffff);
const word = z.string().regex(/^0x[0-9a-f]{64}$/);
const members = z.array(z.number().int().min(1).max(1024)).max(1024);

const attempt = {
  taskId: count,
  round: count,
  retry: count,
  attempt: count,
  base: word,
};

/** "Do you hold updates that I would leave out?" Asked before the objections end. */
const review = z.strictObject({ kind: z.literal("review"), ...attempt, available: members });

/** "Sign this if you reproduce it." Carries the asker's own attestation, which proves that he may ask. */
const attest = z.strictObject({
  kind: z.literal("attest"),
  ...attempt,
  rank: z.number().int().min(0).max(63),
  digest: word,
  accepted: members,
  rejected: members,
  signature: z.string().regex(/^0x[0-9a-f]{130}$/),
});

export const aggregationRequest = z.discriminatedUnion("kind", [review, attest]);
export type ReviewRequest = z.infer<typeof review>;
export type AttestRequest = z.infer<typeof attest>;
export type AggregationRequest = z.infer<typeof aggregationRequest>;

/**
 * Why a proposal is not signed. Any stranger may ask, so an answer is one of these words and never a text: what went wrong
 * inside, an endpoint's address above all, is for the log of the node that was asked.
 */
export const REFUSALS = {
  invalidAttestation: "the proposer's own attestation is not valid",
  proposedAnother: "the proposer has attested another aggregate in this attempt",
  notPosted: "the proposal names members that posted no update",
  updateMissing: "it cannot fetch an update that the proposal names",
  updateOmitted: "the proposal leaves out an update that could be had in time",
  differs: "it computes a different aggregate from the same updates",
  attestedAnother: "it has attested another aggregate in this attempt",
  tooManySets: "too many different sets were proposed in this attempt",
  failed: "its check failed: its own log says why",
} as const;
export type Refusal = keyof typeof REFUSALS;

export const aggregationResponse = z.discriminatedUnion("kind", [
  /** Members whose updates the asked node holds and the asker would leave out; and what it has signed in this attempt. */
  z.strictObject({
    kind: z.literal("reviewed"),
    objections: members,
    signed: z.strictObject({ accepted: members, rejected: members }).nullable(),
  }),
  z.strictObject({ kind: z.literal("signed"), signature: z.string().regex(/^0x[0-9a-f]{130}$/) }),
  /** Not now: the asked node is not there yet, or the time has not come. */
  z.strictObject({ kind: z.literal("later") }),
  /** It cannot reproduce the proposal, or has signed another one; where one member's update is the reason, whose. */
  z.strictObject({
    kind: z.literal("refused"),
    reason: z.enum(Object.keys(REFUSALS) as [Refusal, ...Refusal[]]),
    member: z.number().int().min(1).max(1024).optional(),
  }),
]);
export type AggregationResponse = z.infer<typeof aggregationResponse>;
