/** What most users of the rules need; everything else has its own entry, such as `@concordat/protocol/rules/quorum`. */
export { selectAlpha, alphaCandidates, targetIsMet } from "./rules/alphaSelection.ts";
export { attestationThreshold, committeeSize, electCommittee, mixedSeed } from "./rules/committeeElection.ts";
export { addScores, noScores, packScores, unpackScores } from "./rules/packedScores.ts";
export { quorumOf } from "./rules/quorum.ts";
export { nextReputation } from "./rules/reputationRule.ts";
export { escrowOf, settleRound } from "./rules/rewardSchedule.ts";
export { validateTerms } from "./rules/validateTerms.ts";
export { parseAddressBook, type AddressBook } from "./contracts/addressBook.ts";
export * from "./contracts/enums.ts";
export { decodeArtifact, encodeArtifact } from "./artifacts/artifact.ts";
export { cidFromDigest, digestFromCid, digestOf } from "./artifacts/contentAddress.ts";
export { decodeManifest, encodeManifest, type TaskManifest } from "./manifest/manifest.ts";
export { recoverSigner, resultDomain } from "./messages/signedResults.ts";
export * from "./ids.ts";
export * from "./errors.ts";
