/**
 * One oracle node of coordination.ts, in a process of its own as operators run it.
 *
 * `node coordinationNode.ts CONFIGURATION NODE PASSWORD` writes its log to the standard output, one line of JSON an event,
 * and ends when its parent lets go of it.
 */
import { pino } from "pino";
import { parseNodeConfig } from "#node/setup/nodeConfig";
import { runNode } from "#node/runNode";

const [, , config = "{}", node, password = ""] = process.argv;
const ended = new AbortController();
process.once("disconnect", () => ended.abort());
/** Processor seconds that this process has used so far, in each line. */
const mixin = (): object => ({ cpu: (process.cpuUsage().user + process.cpuUsage().system) / 1e6 });
const options = { level: "debug", base: { node: Number(node) }, mixin };
const logger = pino(options, pino.destination({ dest: 1, sync: true }));
await runNode(parseNodeConfig(JSON.parse(config)), { password, signal: ended.signal, logger });
process.exit();
