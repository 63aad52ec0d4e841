import { giveWay } from "../giveWay.ts";

/** Resolves at once while the turn is young, and after the process has served its other work when it is old. */
export type Pacer = () => Promise<void>;

/**
 * Starts a turn of computing that gives way each `turnMs` milliseconds. A node answers its peers from the same thread, so
 * long loops await the pacer between blocks. Time decides only when others run, never what is computed.
 */
export function createPacer(turnMs = 50): Pacer {
  let turnEnds = performance.now() + turnMs;
  return async () => {
    if (performance.now() < turnEnds) return;
    await giveWay();
    turnEnds = performance.now() + turnMs;
  };
}
