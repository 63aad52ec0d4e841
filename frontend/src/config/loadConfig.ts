import { takeEarlyFile } from "./earlyFiles.ts";
import { ConcordatError } from "@concordat/protocol/errors";
import type { DappConfig } from "./dappConfig.ts";
import { parseConfig } from "./dappConfig.ts";

/** Reads `config.json` beside the page, and the files that it names. @throws {ConcordatError} in one sentence. */
export async function loadConfig(): Promise<DappConfig> {
  return parseConfig(await readBeside("config.json"), readBeside);
}

async function readBeside(name: string): Promise<unknown> {
  const address = new URL(name, document.baseURI);
  if (address.origin !== location.origin) {
    throw new ConcordatError(`${name} is not beside the page`, { hint: "Name a file of the same site" });
  }
  const response = await (takeEarlyFile(name) ?? fetch(address, { cache: "no-cache" })).catch(
    () => undefined,
  );
  if (response?.ok !== true) {
    throw new ConcordatError(`The page’s ${name} cannot be read`, {
      hint: "Put it beside index.html on the host, then load again",
    });
  }
  try {
    return (await response.json()) as unknown;
  } catch (cause) {
    throw new ConcordatError(`The page’s ${name} is not JSON`, {
      hint: "Correct the file on the host",
      cause,
    });
  }
}
