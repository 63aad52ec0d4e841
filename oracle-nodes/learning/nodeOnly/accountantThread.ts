/** A thread that composes once and ends, see epsilonAside.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { epsilonOf } from "../privacy/accountant.ts";
import type { EpsilonQuestion } from "./epsilonAside.ts";

parentPort?.postMessage(epsilonOf(...(workerData as EpsilonQuestion)), []);
