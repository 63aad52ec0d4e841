import { readFile } from "node:fs/promises";
import { getAddress, isAddress } from "ethers";
import { InputError } from "@concordat/protocol/errors";
import { dateWords } from "@concordat/protocol/words/timeWords";
import type { AccountOptions } from "../chainOptions.ts";
import { readNodeConfig } from "@concordat/node/setup/nodeConfigFile";
import { withWriter } from "../openChain.ts";
import { print, printJson } from "@concordat/console/output";
import { receiptEvent } from "@concordat/chain/contracts/receiptEvent";
import { readStatus, usableEndpoints } from "./nodeAnnounce.ts";

export interface NodeApplyOptions extends AccountOptions {
  readonly signer?: string;
  readonly endpoints?: string;
  readonly json?: true;
}

/** `concordat node apply`. The endpoints may be left out: `node announce` publishes them later. */
export async function runNodeApply(options: NodeApplyOptions): Promise<void> {
  const config = options.config === undefined ? undefined : await readNodeConfig(options.config);
  const signer = options.signer ?? (config && (await addressOfKeystore(config.keystore)));
  if (signer === undefined || !isAddress(signer)) {
    throw new InputError("No account given that signs the node's results", {
      hint: "Give --signer ADDRESS, or --config FILE of the node",
    });
  }
  const known = options.endpoints ?? (config && (await readStatus(config.dataDir))?.endpoints);
  const endpoints = known === undefined ? "" : usableEndpoints(known);
  await withWriter(options, async ({ send, contracts, account }) => {
    const receipt = await send("nodeRegistry", "applyForAdmission", [getAddress(signer), "0x", endpoints]);
    const event = receiptEvent(receipt, contracts.nodeRegistry.interface, "ProposalCreated");
    const result = {
      proposal: Number(event?.["proposalId"]),
      operator: account,
      signer: getAddress(signer),
      electorate: Number(event?.["electorate"]),
      expiresAt: Number(event?.["expiresAt"]),
    };
    if (options.json) return printJson(result);
    print(
      `Proposal ${result.proposal}: more than half of ${result.electorate} members must approve it before ` +
        `${dateWords(result.expiresAt)}, each with: concordat task vote ${result.proposal} --approve`,
    );
  });
}

/** The account of a keystore, which says it without a password. */
export async function addressOfKeystore(file: string): Promise<string> {
  try {
    const { address } = JSON.parse(await readFile(file, "utf8")) as { address?: unknown };
    const text = String(address);
    return getAddress(text.startsWith("0x") ? text : `0x${text}`);
  } catch (cause) {
    throw new InputError(`The keystore ${file} does not name its account`, {
      hint: "Correct keystore in the configuration, or give --signer",
      cause,
    });
  }
}
