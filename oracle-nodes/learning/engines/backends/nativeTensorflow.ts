import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs-core";
import { InputError } from "@concordat/protocol/errors";

/** The engines on TensorFlow's native library, and the optional package that brings each. */
export const NATIVE_PACKAGES = {
  tensorflow: "@tensorflow/tfjs-node",
  "tensorflow-gpu": "@tensorflow/tfjs-node-gpu",
} as const;
export type NativeEngineName = keyof typeof NATIVE_PACKAGES;

const VERSION = "4.22.0";
const require = createRequire(import.meta.url);

/** Whether the package of a native engine is installed; looks at files only. */
export function isNativeInstalled(name: NativeEngineName): boolean {
  try {
    require.resolve(NATIVE_PACKAGES[name]);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts TensorFlow's native library.
 * @throws {InputError} when the package is not installed, does not load, or finds no GPU where one was asked for.
 */
export async function openNative(name: NativeEngineName): Promise<void> {
  const packageName = NATIVE_PACKAGES[name];
  if (!isNativeInstalled(name)) {
    throw new InputError(`The engine ${name} needs the package ${packageName}, which is not installed`, {
      hint: `Install it with npm install ${packageName}@${VERSION} (its install script downloads the library), or choose wasm`,
    });
  }
  restoreRemovedFunctions();
  // Equal arguments have to give equal bits: TensorFlow reads these when it starts.
  process.env["TF_DETERMINISTIC_OPS"] ??= "1";
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
  try {
    require(packageName);
    if (!(await tf.setBackend("tensorflow"))) throw new Error("it registers no backend that starts");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new InputError(`${packageName} is installed but does not start: ${reason}`, {
      cause,
      hint: `Let its install script run: npm rebuild ${packageName} --ignore-scripts=false`,
    });
  }
  const { isUsingGpuDevice } = tf.backend() as { readonly isUsingGpuDevice?: boolean };
  if (name === "tensorflow-gpu" && isUsingGpuDevice === false) {
    throw new InputError("TensorFlow finds no GPU", {
      hint: "Check the CUDA driver, or choose another engine",
    });
  }
}

/** tfjs-node 4.22 calls functions of node:util that Node 23 removed: they are put back where they are missing. */
function restoreRemovedFunctions(): void {
  const util = require("node:util") as Record<string, unknown>;
  const removed: Record<string, (value: unknown) => boolean> = {
    isNullOrUndefined: (value) => value === null || value === undefined,
    isUndefined: (value) => value === undefined,
    isNull: (value) => value === null,
    isString: (value) => typeof value === "string",
    isNumber: (value) => typeof value === "number",
    isBoolean: (value) => typeof value === "boolean",
    isFunction: (value) => typeof value === "function",
    isObject: (value) => typeof value === "object" && value !== null,
  };
  for (const [name, is] of Object.entries(removed)) util[name] ??= is;
}
