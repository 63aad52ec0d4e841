import { dirname } from "node:path";
import PQueue from "p-queue";
import { ConcordatError } from "@concordat/protocol/errors";
import type { Address } from "@concordat/protocol/ids";
import { NO_PERMIT } from "@concordat/protocol/terms/noPermit";
import { bindContracts } from "@concordat/chain/contracts/chainAccess";
import type { ChainWriter } from "@concordat/chain/contracts/chainAccess";
import { inBatches } from "@concordat/chain/endpoints/inBatches";
import { connectWriter } from "@concordat/chain/sending/connectWriter";
import { termsFrom } from "@concordat/protocol/terms/termsSettings";
import type { TaskFiles } from "@concordat/learning/tasks/taskFiles";
import { publishTerms } from "@concordat/chain/contracts/publishTerms";
import type { DemoOptions } from "./demoOptions.ts";
import { STAKE, demoTerms } from "./demoTerms.ts";
import type { DemoNode, Federation } from "./federation.ts";
import type { NodeAccount } from "./report.ts";

/** What publisher and operators do in the demonstration: stake, publish, join, claim. */
export class DemoTask {
  readonly #federation: Federation;
  readonly #options: DemoOptions;
  readonly #files: TaskFiles;
  #taskId = 0;

  constructor(federation: Federation, options: DemoOptions, files: TaskFiles) {
    this.#federation = federation;
    this.#options = options;
    this.#files = files;
  }

  /** Every operator deposits its stake. */
  async stake(): Promise<void> {
    const { book, token, nodes } = this.#federation;
    await aFewAtATime(nodes, async (node) =>
      this.#as(node, async ({ approve, send }) => {
        await approve(token, book.contracts.StakeVault, STAKE);
        await send("stakeVault", "deposit", [node.id, token, STAKE, NO_PERMIT]);
      }),
    );
  }

  /** Publishes the task; gives its number. */
  async publish(): Promise<number> {
    const { publisher, book, token } = this.#federation;
    const settings = demoTerms(this.#options, this.#files.manifest, publisher.address as Address, token);
    return this.#as({ wallet: publisher }, async (chain) => {
      const block = await chain.provider.getBlock("latest");
      const terms = termsFrom(settings, this.#files, book.contracts, block?.timestamp ?? 0);
      const { taskId } = await publishTerms(chain, terms);
      this.#taskId = taskId;
      return taskId;
    });
  }

  /** All nodes join one after another, so that node k is member k: its place in the partition seeds its shuffles. */
  async join(): Promise<void> {
    const { nodes } = this.#federation;
    for (let first = 0; first < nodes.length; first += AT_ONCE) {
      const group = nodes.slice(first, first + AT_ONCE);
      // Connecting takes longer than joining: the next few do it side by side.
      const chains = await aFewAtATime(group, async (node) => this.#connect(node));
      try {
        for (const [i, { send }] of chains.entries()) {
          await send("taskRegistry", "joinTask", [this.#taskId, group[i]?.id]);
        }
      } finally {
        for (const chain of chains) await chain.close();
      }
    }
    const { taskRegistry } = bindContracts(this.#federation.book, this.#federation.provider);
    const members = await inBatches(nodes, async ({ id }) => taskRegistry.member(this.#taskId, id));
    for (const [i, { memberId }] of members.entries()) {
      const id = nodes[i]?.id;
      if (Number(memberId) !== id) throw new ConcordatError(`Node ${id} became member ${memberId}`);
    }
  }

  /** Settles and pays out every node, then refunds the publisher what nobody can earn any more. */
  async claim(): Promise<NodeAccount[]> {
    const accounts = await aFewAtATime(this.#federation.nodes, async (node) =>
      this.#as(node, async ({ send, contracts, account }) => {
        const before = await contracts.rewardLedger.accountOf(this.#taskId, node.id);
        if (before.earned > before.claimed) {
          await send("rewardLedger", "claim", [this.#taskId, node.id, account]);
        } else {
          await send("rewardLedger", "settle", [this.#taskId, node.id, this.#options.rounds]);
        }
        const { reputation, earned, claimed } = await contracts.rewardLedger.storedAccountOf(
          this.#taskId,
          node.id,
        );
        return { node: node.id, reputation: Number(reputation), earned, claimed };
      }),
    );
    await this.#as({ wallet: this.#federation.publisher }, async ({ send, contracts }) => {
      if ((await contracts.rewardLedger.refundable(this.#taskId)) > 0n) {
        await send("rewardLedger", "refund", [this.#taskId]);
      }
    });
    return accounts;
  }

  async #as<T>(account: Pick<DemoNode, "wallet">, work: (chain: ChainWriter) => Promise<T>): Promise<T> {
    const chain = await this.#connect(account);
    return work(chain).finally(async () => chain.close());
  }

  async #connect({ wallet }: Pick<DemoNode, "wallet">): Promise<ChainWriter> {
    const { rpcUrl, book, bookFile } = this.#federation;
    return connectWriter(rpcUrl, book, wallet, { state: dirname(bookFile) });
  }
}

/** Accounts that act at once: each asks the endpoint a good many questions. */
const AT_ONCE = 6;

async function aFewAtATime<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  return new PQueue({ concurrency: AT_ONCE }).addAll(items.map((item) => async () => work(item)));
}
