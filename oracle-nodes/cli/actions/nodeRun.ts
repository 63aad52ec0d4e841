import pino from "pino";
import { runNode } from "@concordat/node/runNode";
import type { NodeStatus } from "@concordat/node/status/nodeStatus";
import { InterruptedError } from "@concordat/console/interruptedError";
import { ExitCode } from "@concordat/console/exitCode";
import { untilInterrupted } from "@concordat/console/interruption";
import { readableLog } from "../logLines.ts";
import { readNodeConfig } from "@concordat/node/setup/nodeConfigFile";
import { askPassword } from "../password.ts";

export interface NodeRunOptions {
  readonly config: string;
  readonly passwordFile?: string;
  readonly logLevel: string;
  readonly json?: true;
}

/** Milliseconds between two reports to the process that started this one: training reports every step. */
const REPORT_EVERY_MS = 200;

/** `concordat node run`. A process that starts it over a channel receives the node's status as messages. */
export async function runNodeRun(options: NodeRunOptions): Promise<void> {
  const config = await readNodeConfig(options.config);
  const password = await askPassword(options, config.keystore);
  const signal = untilInterrupted();
  const logger = pino(
    { level: options.logLevel, base: null },
    options.json ? process.stdout : readableLog(process.stdout),
  );
  const unfinished = await runNode(config, {
    password,
    signal,
    logger,
    ...(process.send && { onStatus: reporter() }),
  });
  if (signal.aborted && process.send === undefined) throw new InterruptedError();
  // What did not end would keep the process; the log has named it.
  if (unfinished.length > 0) process.exit(ExitCode.Ok);
}

function reporter(): (status: NodeStatus) => void {
  let latest: NodeStatus | undefined;
  let timer: NodeJS.Timeout | undefined;
  return (status) => {
    latest = status;
    timer ??= setTimeout(() => {
      timer = undefined;
      if (process.connected) process.send?.(latest, () => undefined);
    }, REPORT_EVERY_MS);
    timer.unref();
  };
}
