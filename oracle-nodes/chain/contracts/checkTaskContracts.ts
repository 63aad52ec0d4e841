import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { InputError } from "@concordat/protocol/errors";
import { foreignAddresses } from "@concordat/protocol/contracts/foreignContracts";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";

type TrustedContracts = Pick<TaskTerms, "coordinator" | "stakeVault" | "rewardLedger">;

/** Stands for the accounts that a node does not look at: its operator consented to them when it joined. */
const NOBODY = `0x${"0".repeat(40)}` as TaskTerms["arbiter"];

/**
 * Terms may name any contracts; a node obeys those of its address book.
 * @throws {InputError} naming the term, what the task has, and what the address book has.
 */
export function checkTaskContracts(book: AddressBook, taskId: number, terms: TrustedContracts): void {
  const { coordinator, stakeVault, rewardLedger } = terms;
  const named = { coordinator, stakeVault, rewardLedger, arbiter: NOBODY, slashRecipient: NOBODY };
  const [foreign] = foreignAddresses({ ...named, minStake: 0n }, NOBODY, book);
  if (foreign === undefined) return;
  const { address, role, expected } = foreign;
  throw new InputError(
    `Task ${taskId} names ${address} as its ${role}, but the address book has ${expected}`,
    {
      hint: "Stay out of the task, or use the address book of its contracts",
    },
  );
}
