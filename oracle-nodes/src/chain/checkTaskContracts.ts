import type { AddressBook } from "../../../protocol/addressBook.ts";
import { InputError } from "../../../protocol/errors.ts";
import type { TaskTerms } from "../../../protocol/taskTerms.ts";

type TrustedContracts = Pick<TaskTerms, "coordinator" | "stakeVault" | "rewardLedger">;

/**
 * Terms may name any contracts; an operator trusts those of the address book.
 * @throws {InputError} naming the first contract of the terms that is another.
 */
export function checkTaskContracts(book: AddressBook, taskId: number, terms: TrustedContracts): void {
  const { RoundCoordinator, StakeVault, RewardLedger } = book.contracts;
  for (const [name, given, address] of [
    ["coordinator", terms.coordinator, RoundCoordinator],
    ["stakeVault", terms.stakeVault, StakeVault],
    ["rewardLedger", terms.rewardLedger, RewardLedger],
  ] as const) {
    if (given.toLowerCase() === address.toLowerCase()) continue;
    throw new InputError(`Task ${taskId} names ${given} as its ${name}, the address book has ${address}`, {
      hint: "Stay out of the task, or use the address book of its contracts",
    });
  }
}
