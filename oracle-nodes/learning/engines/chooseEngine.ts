import { ConcordatError } from "@concordat/protocol/errors";
import { findGpu } from "./backends/findGpu.ts";
import { isNativeInstalled } from "./backends/nativeTensorflow.ts";
import type { EngineName } from "./engine.ts";
import { openBackend } from "./backends/openBackend.ts";

/** An engine that is open, and why it is this one. */
export interface ChosenEngine {
  readonly name: EngineName;
  readonly reason: string;
}

/** A reason against an engine. */
class Unfit extends Error {}

/** From the best to the one that runs everywhere. Each checks cheaply whether it fits, and says why it is chosen. */
const CANDIDATES: readonly { readonly name: EngineName; readonly fits: () => Promise<string> }[] = [
  { name: "tensorflow-gpu", fits: async () => nativeReason("tensorflow-gpu") },
  { name: "tensorflow", fits: async () => nativeReason("tensorflow") },
  { name: "webgpu", fits: gpuReason },
  { name: "wasm", fits: async () => "it runs everywhere" },
];

let chosen: Promise<ChosenEngine> | undefined;

/** Opens the best engine that works here; decides once a process. */
export function chooseEngine(): Promise<ChosenEngine> {
  chosen ??= choose();
  return chosen;
}

async function choose(): Promise<ChosenEngine> {
  const against: string[] = [];
  for (const { name, fits } of CANDIDATES) {
    try {
      const reason = await fits();
      await openBackend(name);
      return { name, reason: [reason, ...against].join("; ") };
    } catch (error) {
      if (!(error instanceof Unfit || error instanceof ConcordatError)) throw error;
      against.push(`not ${name}: ${error.message}`);
    }
  }
  throw new ConcordatError(`No engine runs here: ${against.join("; ")}`);
}

function nativeReason(name: "tensorflow" | "tensorflow-gpu"): string {
  if (!isNativeInstalled(name)) throw new Unfit("not installed");
  return "TensorFlow's native library is the fastest";
}

async function gpuReason(): Promise<string> {
  const search = await findGpu();
  if ("none" in search) throw new Unfit(search.none);
  return `on ${search.gpu}`;
}
