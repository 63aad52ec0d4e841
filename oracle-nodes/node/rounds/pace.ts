import type { TaskId } from "@concordat/protocol/ids";
import type { HeadWatcher } from "@concordat/chain/heads/headWatcher";

/** Looks at the chain often while a task of this node is under way, and rarely while none is: endpoints count requests. */
export class Pace {
  readonly #heads: Pick<HeadWatcher, "setPace">;
  readonly #busy = new Set<TaskId>();

  constructor(heads: Pick<HeadWatcher, "setPace">) {
    this.#heads = heads;
    heads.setPace("idle");
  }

  get isBusy(): boolean {
    return this.#busy.size > 0;
  }

  /** Says whether a task's phases run at the moment. */
  set(taskId: TaskId, isBusy: boolean): void {
    if (isBusy) this.#busy.add(taskId);
    else this.#busy.delete(taskId);
    this.#heads.setPace(this.isBusy ? "busy" : "idle");
  }
}
