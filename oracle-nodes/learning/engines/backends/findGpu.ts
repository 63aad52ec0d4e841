import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** What a look for a GPU found: the adapter's name, or why there is none to use. */
export type GpuSearch = { readonly gpu: string } | { readonly none: string };

/** Where Vulkan's loader looks for drivers on Linux. */
const DRIVER_FOLDERS = [
  "/usr/share/vulkan/icd.d",
  "/usr/local/share/vulkan/icd.d",
  "/etc/vulkan/icd.d",
  join(homedir(), ".local/share/vulkan/icd.d"),
];
const DRIVER_VARIABLES = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES"];
/** Drivers that compute on the processor. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i;
const TIME_LIMIT_MS = 1000;

/** Asks Dawn for an adapter and prints what it is, or `null`. */
const PROBE = `
  const { create } = await import("webgpu");
  const adapter = await create([]).requestAdapter();
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter?.info ?? {};
  console.log(JSON.stringify(adapter && { name: [vendor, architecture, device, description].join(" "), isFallbackAdapter }));
  process.exit();
`;

/**
 * Looks for a GPU that WebGPU can use, quietly and in about a second at most. Dawn is asked in a process of its own: a
 * driver that prints or crashes does so there, and where Linux has no driver at all, it is not asked.
 */
export async function findGpu(): Promise<GpuSearch> {
  if (process.platform === "linux" && !(await hasVulkanDriver()))
    return { none: "there is no Vulkan driver" };
  const answer = await probe();
  if (answer === undefined) return { none: "the package webgpu does not run here" };
  if (answer === null) return { none: "it finds no adapter" };
  const name = answer.name.trim().replace(/\s+/g, " ");
  if (answer.isFallbackAdapter === true || SOFTWARE.test(name)) return { none: `${name} is not a GPU` };
  return { gpu: name };
}

async function hasVulkanDriver(): Promise<boolean> {
  if (DRIVER_VARIABLES.some((name) => process.env[name])) return true;
  const found = await Promise.all(DRIVER_FOLDERS.map((folder) => readdir(folder).catch(() => [])));
  return found.flat().some((file) => file.endsWith(".json"));
}

/** Dawn's adapter; null when there is none, undefined when Dawn does not run. */
function probe(): Promise<
  { readonly name: string; readonly isFallbackAdapter?: boolean } | null | undefined
> {
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof probe>>>();
  const options = { cwd: import.meta.dirname, timeout: TIME_LIMIT_MS };
  execFile(process.execPath, ["--input-type=module", "-e", PROBE], options, (error, stdout) => {
    try {
      resolve(error === null ? (JSON.parse(stdout) as Awaited<ReturnType<typeof probe>>) : undefined);
    } catch {
      resolve(undefined);
    }
  });
  return promise;
}
