import { resolve } from "node:path";
import { orInterrupted, untilInterrupted } from "@concordat/console/interruption";
import { Cleanup } from "./cleanup.ts";
import type { DemoOptions } from "./demoOptions.ts";
import { prepareDemo } from "./prepare.ts";

/**
 * `concordat demo`: checks what was asked for, then runs it, and leaves nothing behind. Chain and nodes are loaded only
 * when it can be done: bad input is answered at once.
 * @param command The script of the `concordat` command, which the nodes run.
 */
export async function runDemo(given: DemoOptions, command: string): Promise<void> {
  const options: DemoOptions = given.data === undefined ? given : { ...given, data: resolve(given.data) };
  const signal = untilInterrupted();
  const cleanup = new Cleanup();
  try {
    const plan = await orInterrupted(prepareDemo(options), signal);
    const { demonstrate } = await import("./demonstrate.ts");
    await demonstrate(options, plan, signal, cleanup, command);
  } finally {
    await cleanup.run();
  }
}
