import { getAddress, isAddress } from "ethers";
import { z } from "zod";
import { InputError } from "../errors.ts";
import type { Address } from "../ids.ts";

/** What an address book's `format` says. */
export const ADDRESS_BOOK_FORMAT = "concordat/addresses/1";

const address = z
  .string()
  .refine((value) => isAddress(value), "is not an address")
  .transform((value) => getAddress(value) as Address);

const schema = z.strictObject({
  format: z.literal(ADDRESS_BOOK_FORMAT),
  chainId: z.number().int().positive(),
  /** A name for people; the chain is known by its id. */
  network: z.string().min(1).max(80),
  /** No event of the contracts is older than this block. */
  deploymentBlock: z.number().int().nonnegative(),
  contracts: z.strictObject({
    NodeRegistry: address,
    TaskRegistry: address,
    StakeVault: address,
    RewardLedger: address,
    RoundCoordinator: address,
  }),
  /** Tokens that the deployment brought along; only on development chains. */
  tokens: z.strictObject({ DevelopmentToken: address.optional() }).exactOptional(),
});

/** Where a deployment's contracts are: written by deploy/, read by nodes, command line, audit and dApp. */
export type AddressBook = Readonly<z.infer<typeof schema>>;

/**
 * Checks a parsed JSON value and gives addresses in EIP-55 form.
 * @throws {InputError} naming the first entry that is wrong.
 */
export function parseAddressBook(value: unknown): AddressBook {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  throw new InputError(`The address book is malformed${where}: ${issue?.message ?? "unreadable"}`, {
    hint: "Give the file that the deployment wrote",
  });
}
