import { Interface } from "ethers";
import type { InterfaceAbi } from "ethers";
import { mapContracts } from "@concordat/protocol/events/contracts";
import type { ContractAddresses } from "@concordat/protocol/events/contracts";

/** Where the contracts stand: the part of an address book that an audit needs. */
export interface Deployment {
  readonly deploymentBlock: number;
  readonly contracts: ContractAddresses;
}

/** Interfaces to name calls and errors with, and to ask views by. */
export const INTERFACES = mapContracts((abi) => new Interface(abi as InterfaceAbi));
