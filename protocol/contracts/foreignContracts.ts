import type { AddressBook } from "./addressBook.ts";
import type { Address } from "../ids.ts";
import type { TaskTerms } from "../terms/taskTerms.ts";

/** The places at which terms name an account or contract of the publisher's choice. */
export type TermsRole = "coordinator" | "stakeVault" | "rewardLedger" | "arbiter" | "slashRecipient";

/** The terms that decide whom a member obeys and pays. */
export type NamedAccounts = Pick<TaskTerms, TermsRole | "minStake">;

/** An account that terms name and the address book does not vouch for. */
export interface ForeignAddress {
  readonly role: TermsRole;
  readonly address: Address;
  /** What the address book has in its place; undefined where every task chooses its own. */
  readonly expected: Address | undefined;
  /** Whether it is the account that published the task. */
  readonly isPublisher: boolean;
  /** Whether nobody may join before its address was confirmed by name; else it is told. */
  readonly mustConfirm: boolean;
  /** What this account can do to a member, as a sentence without subject, e.g. "decides what ...". */
  readonly power: string;
}

const POWERS: Readonly<Record<TermsRole, string>> = {
  coordinator: "decides who took part and which results count, so it can end the task and name who earns",
  stakeVault: "is where the task looks for the node's stake",
  rewardLedger: "holds back or pays out the rewards of all members",
  arbiter: "can slash all of the node's stake in the task's token until the dispute window closes",
  slashRecipient: "receives what is slashed",
};

/**
 * The accounts of a task's terms that an operator's address book does not vouch for, in the order in which they are best
 * read. One account may come in several roles. A task is joined only when all that must be confirmed were, by address: the
 * contracts always, the arbiter where stake is asked for, whoever it is, the publisher included.
 */
export function foreignAddresses(
  terms: NamedAccounts,
  publisher: string,
  { contracts }: Pick<AddressBook, "contracts">,
): ForeignAddress[] {
  const staked = terms.minStake > 0n;
  const named: readonly (readonly [TermsRole, Address | undefined, boolean])[] = [
    ["coordinator", contracts.RoundCoordinator, true],
    ["stakeVault", contracts.StakeVault, true],
    ["rewardLedger", contracts.RewardLedger, true],
    ["arbiter", undefined, staked],
    ["slashRecipient", undefined, false],
  ];
  return named
    .filter(([role, expected]) =>
      expected === undefined ? !isZero(terms[role]) : !isSame(terms[role], expected),
    )
    .map(([role, expected, mustConfirm]) => ({
      role,
      address: terms[role],
      expected,
      isPublisher: isSame(terms[role], publisher),
      mustConfirm,
      power: POWERS[role],
    }));
}

/** Those that must be confirmed and were not. */
export function unconfirmed(
  foreign: readonly ForeignAddress[],
  trusted: readonly string[],
): ForeignAddress[] {
  return foreign.filter(
    ({ mustConfirm, address }) => mustConfirm && !trusted.some((given) => isSame(given, address)),
  );
}

/** Addresses that were confirmed although no role of the task has them: a sign of a mistake, or of another task's terms. */
export function confirmedInVain(
  foreign: readonly ForeignAddress[],
  trusted: readonly string[],
): readonly string[] {
  return trusted.filter((given) => !foreign.some(({ address }) => isSame(given, address)));
}

/** How a role is called before a reader, e.g. "reward ledger". */
export const ROLE_WORDS: Readonly<Record<TermsRole, string>> = {
  coordinator: "coordinator",
  stakeVault: "stake vault",
  rewardLedger: "reward ledger",
  arbiter: "arbiter",
  slashRecipient: "recipient of slashed stake",
};

function isSame(a: string, b: string | undefined): boolean {
  return b !== undefined && a.toLowerCase() === b.toLowerCase();
}

/** The zero address obeys nobody: as an arbiter or recipient it says that there is none. */
function isZero(address: string): boolean {
  return /^0x0{40}$/.test(address);
}
