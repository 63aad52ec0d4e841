import type { AnswerClass } from "@concordat/chain/endpoints/classifyAnswer";
import type { Explanation } from "./explanation.ts";

const ASKS_AGAIN = "The page asks again. If this persists, configure another endpoint.";
const CONFIGURE = "Configure another endpoint.";

/** What an endpoint says of itself, and not of what was asked. */
type Trouble = Exclude<
  AnswerClass,
  "reverted" | "bareRevert" | "unreachable" | "insufficientFunds" | "unclear"
>;

/** An endpoint's troubles in plain words. */
export const ENDPOINT_WORDS: Readonly<Record<Trouble, Explanation>> = {
  rateLimited: {
    message: "The network’s endpoint limits how often it may be asked.",
    hint: "The page asks again, more slowly. If this persists, configure another endpoint.",
  },
  unavailable: { message: "The network’s endpoint is not working right now.", hint: ASKS_AGAIN },
  behind: { message: "The network’s endpoint does not have this block yet.", hint: ASKS_AGAIN },
  pruned: {
    message: "The network’s endpoint has forgotten such an old state of the chain.",
    hint: "Configure an endpoint that keeps it (an archive).",
  },
  tooLarge: {
    message: "The network’s endpoint does not answer for that much at once.",
    hint: "The page asks for less. If this persists, configure another endpoint.",
  },
  indexing: { message: "The network’s endpoint is still reading the chain itself.", hint: ASKS_AGAIN },
  batchRefused: {
    message: "The network’s endpoint does not accept several requests at once.",
    hint: CONFIGURE,
  },
  unauthorised: {
    message: "The network’s endpoint does not serve this page.",
    hint: "Correct the endpoint’s key in config.json, or configure another endpoint.",
  },
  unsupported: { message: "The network’s endpoint does not know what the page asks.", hint: CONFIGURE },
  alreadyKnown: {
    message: "The network already has this transaction.",
    hint: "Look at it in your wallet.",
  },
  nonceTooLow: {
    message: "Another transaction of your account has taken this one’s number.",
    hint: "Look at your wallet, then try again.",
  },
  nonceTooHigh: {
    message: "An earlier transaction of your account is missing.",
    hint: "Look at your wallet for one that is not mined, and send or cancel it first.",
  },
  poolFull: {
    message: "The network is not accepting more transactions right now.",
    hint: "Try again later, or at a higher fee.",
  },
  underpriced: {
    message: "The fee that your wallet offers is too low.",
    hint: "Try again at a higher fee.",
  },
  gasTooLow: {
    message: "The gas limit is too low.",
    hint: "Try again, with the gas limit that this page proposes.",
  },
  gasTooHigh: {
    message: "This needs more gas than the network allows one transaction.",
    hint: "Try again with less at once.",
  },
  rejected: {
    message: "The network’s endpoint refuses this transaction.",
    hint: "Look at your wallet for the reason, or configure another endpoint.",
  },
};
