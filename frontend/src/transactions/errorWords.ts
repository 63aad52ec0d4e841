import { Phase, ProposalState, TaskState, enumName } from "@concordat/protocol/contracts/enums";
import { TERM_ERROR_WORDS } from "@concordat/protocol/terms/termErrors";

type Words = (args: readonly unknown[]) => string;

const n = (value: unknown): string => String(value);
const seconds = (value: unknown): string => new Date(Number(value) * 1000).toLocaleString();

/** The contracts' errors in plain words, by name: all of them, since a contract may meet those of another. */
export const ERROR_WORDS: Readonly<Record<string, Words>> = {
  // Registry
  InvalidVotingPeriod: () => "A vote must stay open for some time, and not for ever.",
  NoFounders: () => "A registry needs founders.",
  UnknownProposal: ([id]) => `There is no vote ${n(id)}.`,
  ZeroAddress: () => "An address is missing.",
  OperatorTaken: () => "This account already operates a node.",
  SignerTaken: ([signer]) => `The key ${n(signer)} signs, or once signed, for another node.`,
  EndpointsTooLong: ([length, max]) =>
    `The endpoints have ${n(length)} bytes, but at most ${n(max)} are allowed.`,
  EndpointsNotPrintable: ([index]) =>
    `Character ${n(index)} of the endpoints cannot be part of an address: use plain ASCII.`,
  EncryptionKeyTooLong: ([length, max]) =>
    `The encryption key has ${n(length)} bytes, but at most ${n(max)} are allowed.`,
  NotMember: () => "Only operators of admitted nodes may do this.",
  UnknownNode: ([node]) => `There is no node ${n(node)}.`,
  ProposalNotOpen: ([, state]) =>
    `This vote is over: ${enumName(ProposalState, Number(state)).toLowerCase()}.`,
  NotInElectorate: () => "Your node was admitted after this vote began, so it cannot vote on it.",
  AlreadyVoted: () => "Your node has already voted on this.",
  ProposalPending: ([id]) => `Vote ${n(id)} on the same matter is still open.`,
  // Stake
  InvalidUnbondingPeriod: () => "Stake must stay bound for some time, and not for ever.",
  NotArbiter: ([task]) => `Only the arbiter of task ${n(task)} may do this.`,
  NotTaskMember: ([task, node]) => `Node ${n(node)} never took part in task ${n(task)}.`,
  WrongVault: ([task]) => `The stakes of task ${n(task)} are in another vault.`,
  InvalidFraction: () => "The part of the stake must be above 0 and at most 100 %.",
  SlashingClosed: ([task, at]) => `Disputes about task ${n(task)} closed at ${seconds(at)}.`,
  ZeroAmount: () => "The amount must be more than nothing.",
  AmountTooLarge: () => "The amount is too large.",
  NotOperator: ([node]) => `Your account does not operate node ${n(node)}.`,
  InsufficientStake: () => "This is more than the node has staked.",
  TooManyPendingWithdrawals: ([, max]) =>
    `At most ${n(max)} withdrawals may wait at once: withdraw those that are due first.`,
  NothingToWithdraw: () => "No withdrawal is due yet.",
  // Tasks
  NotCoordinator: ([task]) => `Only the coordinator of task ${n(task)} may do this.`,
  NotRewardLedger: ([task]) => `Only the reward ledger of task ${n(task)} may do this.`,
  WrongCoordinator: ([task]) => `Another contract coordinates task ${n(task)}.`,
  WrongLedger: ([task]) => `Another ledger keeps the rewards of task ${n(task)}.`,
  EscrowExceeded: ([task]) => `This is more than is left of the escrow of task ${n(task)}.`,
  UnknownTask: ([task]) => `There is no task ${n(task)}.`,
  WrongState: ([task, state]) =>
    `Task ${n(task)} is ${enumName(TaskState, Number(state)).toLowerCase()}, so this is not possible.`,
  NotRegistered: ([node]) => `Node ${n(node)} is not admitted to the registry.`,
  AlreadyMember: ([task]) => `The node already takes part in task ${n(task)}, or has asked to.`,
  NotActive: ([task, node]) => `Node ${n(node)} does not take part in task ${n(task)}.`,
  TaskFull: ([, max]) => `The task is full: ${n(max)} nodes take part.`,
  RosterFull: () => "No further node can ever join this task.",
  QueueFull: () => "Too many nodes wait to join or leave: try again after the next round.",
  StakeTooLow: ([node, stake, min]) =>
    `Node ${n(node)} has staked ${n(stake)} of the ${n(min)} smallest units that the task asks for.`,
  NotExpired: () => "Only the publisher may cancel the task before its time limit.",
  TooEarly: ([, start]) => `The task may not start before ${seconds(start)}.`,
  TooLate: ([, limit]) => `The task’s time limit has passed at ${seconds(limit)}.`,
  TooFewNodes: ([, active, min]) => `${n(active)} of at least ${n(min)} nodes have joined.`,
  EscrowShort: ([received, required]) =>
    `The token delivered ${n(received)} of the ${n(required)} units of escrow: tokens that take a fee cannot pay rewards.`,
  NotAContract: ([account]) => `There is no contract at ${n(account)}.`,
  // Terms
  ...TERM_ERROR_WORDS,
  // Rounds
  WrongAttempt: () => "The committee has changed in the meantime.",
  WrongAggregate: () => "The round has a different aggregate by now.",
  PhaseOver: ([, deadline]) => `The time for this ended at ${seconds(deadline)}.`,
  SeedNotReady: ([, block]) => `The committee’s seed cannot be drawn before block ${n(block)} has passed.`,
  BatchTooLarge: ([length, max]) =>
    `${n(length)} results are too many at once: at most ${n(max)} are allowed.`,
  NothingCounted: () => "None of these results counts: each is late, repeated, or wrongly signed.",
  InvalidRank: ([rank, size]) => `The committee has ${n(size)} members, but none of rank ${n(rank)}.`,
  RankNotYet: ([rank, from]) => `The member of rank ${n(rank)} may not propose before ${seconds(from)}.`,
  RanksNotAscending: () => "The signatures are not in the order of the committee.",
  BadAttestation: ([rank, node]) => `The signature of node ${n(node)}, rank ${n(rank)}, is not valid.`,
  ProposerDidNotAttest: () => "The proposer’s own signature is missing.",
  TooFewAttestations: ([given, threshold]) => `${n(given)} members signed, but ${n(threshold)} must.`,
  BitmapLength: () => "The lists of members have the wrong length.",
  BitmapsOverlap: () => "A member is listed as both accepted and rejected.",
  NotPosted: () => "A member is listed that posted no update.",
  NothingAccepted: () => "An aggregate needs at least one accepted update.",
  TooFewUpdates: ([available, required]) =>
    `The aggregation rule needs ${n(required)} updates, but accepts only ${n(available)} here.`,
  EnoughUpdates: ([available, required]) =>
    `Enough updates were available, ${n(available)} of ${n(required)}, so the round may not be given up.`,
  NotRunning: ([task]) => `Task ${n(task)} is not running.`,
  WrongPhase: ([, phase]) => `This is not possible in the phase ${enumName(Phase, Number(phase))}.`,
  WrongRound: () => "The round has moved on in the meantime.",
  NotDue: ([, deadline]) => `Nothing is due before ${seconds(deadline)}.`,
  // Ledger
  UnknownMember: ([, member]) => `There is no member ${n(member)} in this task.`,
  NothingToSettle: () => "Everything is settled already.",
  NothingToClaim: () => "There is nothing to claim.",
  NothingToRefund: () => "There is nothing to refund.",
  NotEnded: () => "The task has not ended yet.",
  // Tokens (ERC-20 and ERC-2612)
  ERC20InsufficientBalance: () => "Your account does not own enough of this token.",
  ERC20InsufficientAllowance: () =>
    "The contract may not take this much of your token: approve the amount first.",
  ERC2612ExpiredSignature: () => "The permit has expired: sign it again.",
  ERC2612InvalidSigner: () => "The permit is not signed by the account that owns the tokens.",
  SafeERC20FailedOperation: () =>
    "The token refused the transfer: see that your account owns enough and has approved it.",
};
