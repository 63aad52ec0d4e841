import { zeroAddress } from "viem";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { ROLE_WORDS, foreignAddresses } from "@concordat/protocol/contracts/foreignContracts";
import type { NamedAccounts } from "@concordat/protocol/contracts/foreignContracts";
import type { Address } from "@concordat/protocol/ids";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";

/** The tokens that terms name. */
export type TokenRole = "stakeToken" | "rewardToken";
export type TrustTerms = NamedAccounts & Pick<TaskTerms, TokenRole>;

/** An address that the address book does not vouch for, as a reader is told of it. */
export interface Foreign {
  readonly role: string;
  readonly address: Address;
  /** What the address book has in its place; undefined where it has nothing. */
  readonly expected: Address | undefined;
  readonly isToken: boolean;
  readonly isPublisher: boolean;
  /** Whether the reader must confirm it by name before joining or paying; else it is told. */
  readonly mustConfirm: boolean;
  /** What it can do to a member, as a sentence without subject. */
  readonly power: string;
}

const TOKEN_WORDS = {
  stakeToken: ["stake token", "is what you hand over"],
  rewardToken: ["reward token", "is what rewards are paid in; it may be worth nothing"],
} as const satisfies Record<TokenRole, unknown>;

type Book = Pick<AddressBook, "contracts" | "tokens">;

/** The accounts, contracts and tokens of a task's terms that the address book does not vouch for. */
export function foreignIn(terms: TrustTerms, publisher: string, book: Book): readonly Foreign[] {
  const accounts = foreignAddresses(terms, publisher, book).map((each) => ({
    ...each,
    role: ROLE_WORDS[each.role],
    isToken: false,
  }));
  return [
    ...accounts,
    ...foreignToken("stakeToken", terms.stakeToken, book, true),
    ...foreignToken("rewardToken", terms.rewardToken, book, false),
  ];
}

/** The token, where there is one and it is not the address book's. */
export function foreignToken(
  role: TokenRole,
  address: string,
  { tokens }: Book,
  mustConfirm: boolean,
): readonly Foreign[] {
  const expected = tokens?.DevelopmentToken;
  if (address === zeroAddress || address.toLowerCase() === expected?.toLowerCase()) return [];
  const [name, power] = TOKEN_WORDS[role];
  return [
    {
      role: name,
      address: address as Address,
      expected,
      isToken: true,
      isPublisher: false,
      mustConfirm,
      power,
    },
  ];
}

/** Foreign addresses with all their roles, in the order in which they come. */
export function byAddress(foreign: readonly Foreign[]): ReadonlyMap<string, readonly Foreign[]> {
  const groups = new Map<string, Foreign[]>();
  for (const each of foreign) groups.set(each.address, [...(groups.get(each.address) ?? []), each]);
  return groups;
}
