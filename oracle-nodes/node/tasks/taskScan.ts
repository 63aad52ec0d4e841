import { MemberStatus, TaskState } from "@concordat/protocol/contracts/enums";
import type { NodeId, TaskId } from "@concordat/protocol/ids";
import type { ChainGateway } from "@concordat/chain/contracts/chainGateway";

/** Tasks that are asked about at once. */
const BATCH = 20;
/** Tasks of a later look at most, the new ones not counted: endpoints count requests. */
const SHARE = 6;

/**
 * Finds the tasks of a node by what the contract says, whatever an endpoint's logs leave out. The first look asks about all
 * tasks, later ones about those that are new and, in turn, some of the others; tasks that are over are not asked about again.
 */
export class TaskScan {
  readonly #chain: ChainGateway;
  readonly #nodeId: NodeId;
  readonly #wanted: ReadonlySet<number> | undefined;
  readonly #over = new Set<TaskId>();
  #seen = 0;
  #turn = 0;

  /** @param wanted The only tasks that count, if the configuration names some. */
  constructor(chain: ChainGateway, nodeId: NodeId, wanted: ReadonlySet<number> | undefined) {
    this.#chain = chain;
    this.#nodeId = nodeId;
    this.#wanted = wanted;
  }

  /** Tasks that were found to be over. */
  get over(): ReadonlySet<TaskId> {
    return this.#over;
  }

  /** Asks about all tasks again: a reorganisation may have given one back. */
  reset(): void {
    this.#over.clear();
    this.#seen = 0;
  }

  /** Open and running tasks in which the node is a member, or becomes one, of those that were asked about. @throws {EndpointError} */
  async look(): Promise<TaskId[]> {
    const at = this.#chain.confirmedBlock;
    const count = await this.#chain.taskCount(at);
    const ids = Array.from({ length: count }, (_, i) => (i + 1) as TaskId).filter(
      (id) => !this.#over.has(id) && this.#wanted?.has(id) !== false,
    );
    const asked = [
      ...this.#someOf(ids.filter((id) => id <= this.#seen)),
      ...ids.filter((id) => id > this.#seen),
    ];
    const mine: TaskId[] = [];
    for (let first = 0; first < asked.length; first += BATCH) {
      const batch = asked.slice(first, first + BATCH);
      const found = await Promise.all(batch.map(async (id) => this.#isMine(id, at)));
      mine.push(...batch.filter((_, i) => found[i]));
    }
    this.#seen = count;
    return mine;
  }

  #someOf(known: readonly TaskId[]): TaskId[] {
    if (known.length <= SHARE) return [...known];
    const first = this.#turn % known.length;
    this.#turn = first + SHARE;
    return [...known.slice(first), ...known.slice(0, first)].slice(0, SHARE);
  }

  async #isMine(id: TaskId, at: number): Promise<boolean> {
    const [{ status }, { state }] = await Promise.all([
      this.#chain.member(id, this.#nodeId, at),
      this.#chain.taskStatus(id, at),
    ]);
    const isOpen = state === TaskState.Open || state === TaskState.Running;
    if (!isOpen) this.#over.add(id);
    return isOpen && status !== MemberStatus.None && status !== MemberStatus.Left;
  }
}
