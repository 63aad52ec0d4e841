import type { UploadRefusal } from "@concordat/protocol/messages/uploads";

/** What a node's refusal means to the publisher, behind "node 3 does not take it:", and what helps. */
export const REFUSAL_WORDS: Readonly<Record<UploadRefusal, readonly [what: string, hint: string]>> = {
  starting: ["it has only just started, or is about to stop", "Try again in a moment"],
  origin: [
    "its operator does not list the address of this page",
    "Ask the operator to add it to uploads.origins in node.yaml",
  ],
  rate: ["it was asked too often from here", "Wait a moment, then try again"],
  grant: ["it does not understand the signed permission", "Load the page again, or choose another node"],
  account: [
    "its operator does not list your account",
    "Ask the operator to add it to uploads.accounts in node.yaml",
  ],
  node: [
    "what answers at its address is another node",
    "Its operator must announce the right address; choose another node",
  ],
  expired: ["your permission is over", "Try again, and sign once more"],
  file: ["your permission names another file", "Try again, and sign once more"],
  length: ["the file has another length than your permission names", "Try again, and sign once more"],
  "too-large": ["a file is larger than it takes", "Choose another node, or a smaller model"],
  signature: [
    "it finds that your account did not sign the permission",
    "If your account is a contract, it must be on this network and sign by ERC-1271",
  ],
  chain: ["it cannot ask the chain about your account just now", "Try again in a moment"],
  busy: ["it takes other files just now", "Try again in a moment"],
  quota: [
    "your share of its disk is used up",
    "Ask the operator to raise uploads.quotaBytes, or choose another node",
  ],
  disk: ["its disk is full", "Tell its operator, or choose another node"],
  slow: ["the file came too slowly", "Try again on a faster line, or choose a smaller model"],
  content: ["what arrived is not what its digest names", "Try again"],
  failed: ["it could not do it; its log says why", "Ask its operator, or choose another node"],
};
