import { randomUUID } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { Wallet } from "ethers";
import type { Interface } from "ethers";
import pino from "pino";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import type { Address } from "@concordat/protocol/ids";
import { connectChain } from "../contracts/connectChain.ts";
import { lastApproval, phaseChangeGas } from "./phaseChangeGas.ts";
import { nameDeployment } from "../contracts/nameDeployment.ts";
import { bindContracts } from "../contracts/chainAccess.ts";
import type { ChainWriter, Contracts } from "../contracts/chainAccess.ts";
import { readToken } from "../contracts/token.ts";

const POLL_MS = 250;

/** Seconds after which a command stops waiting for a transaction of which nobody says anything. */
const WAIT_SECONDS = 60;

const BOOK_NAMES: Readonly<Record<keyof Contracts, keyof AddressBook["contracts"]>> = {
  nodeRegistry: "NodeRegistry",
  taskRegistry: "TaskRegistry",
  stakeVault: "StakeVault",
  rewardLedger: "RewardLedger",
  roundCoordinator: "RoundCoordinator",
};

/** How what an account sends is looked after. */
export interface WriterOptions {
  /** Folder in which it is kept: by default where the system keeps what must outlive a command. */
  readonly state?: string;
  /** Seconds to wait for news of it. */
  readonly wait?: number;
  /** Told what became of what earlier runs sent. */
  readonly note?: (text: string) => void;
}

/**
 * Connects an account to the contracts of an address book. What it sends is kept on the disk until its end is known.
 * @throws {InputError} when they are not there.
 */
export async function connectWriter(
  rpcUrl: string | readonly string[],
  book: AddressBook,
  signer: Wallet,
  { state = stateFolder(), wait = WAIT_SECONDS, note = () => undefined }: WriterOptions = {},
): Promise<ChainWriter> {
  const gateway = await connectChain({
    rpcUrl,
    addressBook: book,
    confirmations: 0,
    pollMs: POLL_MS,
    signer,
    logger: pino({ level: "silent" }),
    earlier: "finish",
    onEarlier: note,
    giveUpAfterMs: wait * 1000,
    journal: async (provider) =>
      join(state, "transactions", await nameDeployment(provider, book), signer.address),
  });
  const { provider, sender } = gateway;
  const contracts = bindContracts(book, provider);
  const { signal } = new AbortController();
  return {
    provider,
    rpcUrl,
    book,
    contracts,
    account: signer.address,
    send: async (contract, method, args, { first, intent } = {}) => {
      const to = book.contracts[BOOK_NAMES[contract]];
      const data = (contracts[contract].interface as Interface).encodeFunctionData(method, args);
      const request = {
        to,
        data,
        label: method,
        ...(intent !== undefined && { intent }),
        // Somebody else's vote may come first, and this one then admits the node.
        ...(method === "vote" && {
          extraGas: async () =>
            phaseChangeGas(
              provider.simulator,
              { account: signer.address, contract: to, data },
              lastApproval(Number(args[0])),
              gateway.heads.head.number,
            ),
        }),
      };
      const sentAt = sender.sentEarlierAt(request);
      if (sentAt === undefined) await first?.();
      else {
        const when = new Date(sentAt).toISOString();
        note(`Looking for ${method}, which an earlier run sent on ${when} without seeing its outcome`);
      }
      return sender.send(request, signal);
    },
    approve: async (token, spender, amount) => {
      const erc20 = (await readToken(provider, token as Address)).contract;
      if ((await erc20.getFunction("allowance")(signer.address, spender)) >= amount) return;
      const data = erc20.interface.encodeFunctionData("approve", [spender, amount]);
      // The allowance itself says whether it is needed: an approval of an earlier run may be used up.
      await sender.send({ to: token, data, label: "approve", intent: `approve ${randomUUID()}` }, signal);
    },
    acknowledge: async () => sender.acknowledge(),
    close: async () => gateway.close(),
  };
}

/** Where commands keep what must outlive them, by the convention of the system. */
function stateFolder(): string {
  const given = process.env["CONCORDAT_STATE"] ?? "";
  if (given !== "") return given;
  const base = process.platform === "win32" ? process.env["LOCALAPPDATA"] : process.env["XDG_STATE_HOME"];
  return join(base || join(homedir(), ".local", "state"), "concordat");
}
