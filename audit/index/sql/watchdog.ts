/**
 * A thread that ends its process when a statement runs on for more milliseconds than it was told: SqlPool does so too, but
 * cannot where its own process was killed meanwhile. Zero calls it off.
 */
import { parentPort } from "node:worker_threads";

let timer: NodeJS.Timeout | undefined;
parentPort?.on("message", (milliseconds: number) => {
  clearTimeout(timer);
  if (milliseconds > 0) timer = setTimeout(() => process.kill(process.pid, "SIGKILL"), milliseconds);
});
