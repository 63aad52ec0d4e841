import { ZeroAddress } from "ethers";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { InputError } from "@concordat/protocol/errors";
import {
  ROLE_WORDS,
  confirmedInVain,
  foreignAddresses,
  unconfirmed,
} from "@concordat/protocol/contracts/foreignContracts";
import type { ForeignAddress } from "@concordat/protocol/contracts/foreignContracts";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";

/** A task as its joining is decided. */
export interface JoinedTask {
  readonly taskId: number;
  readonly terms: TaskTerms;
  readonly publisher: string;
}

/**
 * Checks that every account that the address book does not vouch for was confirmed by name.
 * @param trusted What `--trust` names.
 * @throws {InputError} naming each account, what it can do, and what the address book has in its place.
 */
export function confirmAccounts(
  { taskId, terms, publisher }: JoinedTask,
  book: AddressBook,
  trusted: readonly string[],
): readonly ForeignAddress[] {
  const foreign = foreignAddresses(terms, publisher, book);
  const [vain] = confirmedInVain(foreign, trusted);
  if (vain !== undefined) {
    throw new InputError(`Task ${taskId} has no account ${vain} that needs confirmation`, {
      hint: "Correct or leave out --trust",
    });
  }
  const missing = unconfirmed(foreign, trusted);
  if (missing.length === 0) return foreign;
  const addresses = [...new Set(missing.map(({ address }) => address))];
  const stake = terms.minStake === 0n ? "" : `; the stake is in token ${tokenWords(terms.stakeToken, book)}`;
  throw new InputError(
    `Task ${taskId} gives power to accounts that nobody vouches for: ${missing.map(sentence).join("; ")}${stake}`,
    {
      hint: `Stay out of the task, or confirm each by name: ${addresses.map((address) => `--trust ${address}`).join(" ")}`,
    },
  );
}

/** An account of the terms in words, e.g. "0x... as arbiter, which is the publisher itself, can slash ...". */
export function sentence({ role, address, expected, isPublisher, power }: ForeignAddress): string {
  const whose = isPublisher ? ", which is the publisher's own" : "";
  const instead = expected === undefined ? "" : ` (the address book has ${expected})`;
  return `${address} as ${ROLE_WORDS[role]}${whose}${instead}, which ${power}`;
}

/** Whether the address book knows a token, in words. */
export function tokenWords(token: string, { tokens }: AddressBook): string {
  if (token === ZeroAddress) return "none";
  const isKnown = tokens?.DevelopmentToken?.toLowerCase() === token.toLowerCase();
  return isKnown
    ? `${token}, the address book's development token`
    : `${token}, which is not in the address book`;
}
