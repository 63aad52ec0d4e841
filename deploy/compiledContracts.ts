import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Folder of the compiled contracts: what this package brings along, or, in a checkout, what the build left. */
export function compiledContracts(): string {
  const own = import.meta.resolve("@concordat/deploy/package.json");
  const brought = fileURLToPath(new URL("artifacts/", own));
  return existsSync(brought) ? brought : fileURLToPath(new URL("../artifacts/", own));
}
