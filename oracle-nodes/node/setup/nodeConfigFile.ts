import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { YAMLParseError, parse } from "yaml";
import { InputError } from "@concordat/protocol/errors";
import { parseNodeConfig } from "./nodeConfig.ts";
import type { NodeConfig } from "./nodeConfig.ts";

/**
 * Reads a node's configuration file. Relative paths in it count from its own folder.
 * @throws {InputError} when it cannot be read, is not YAML, or a key is unknown or wrong.
 */
export async function readNodeConfig(file: string): Promise<NodeConfig> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new InputError(`The configuration ${file} cannot be read`, {
      hint: "Make one with: concordat node init DIR",
      cause,
    });
  }
  const config = parseNodeConfig(parseYaml(file, text));
  const from = (path: string): string => resolve(dirname(file), path);
  const { dataset, engine } = config;
  return {
    ...config,
    addressBook: from(config.addressBook),
    dataDir: from(config.dataDir),
    keystore: from(config.keystore),
    engine:
      typeof engine === "string"
        ? engine
        : { process: { ...engine.process, dir: from(engine.process.dir ?? ".") } },
    dataset: {
      ...(dataset.dir !== undefined && { dir: from(dataset.dir) }),
      partition:
        dataset.partition.kind === "file"
          ? { ...dataset.partition, file: from(dataset.partition.file) }
          : dataset.partition,
    },
  };
}

function parseYaml(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof YAMLParseError)) throw cause;
    const line = cause.linePos?.[0].line;
    throw new InputError(
      `The configuration ${file} is not YAML${line === undefined ? "" : `, line ${line}`}`,
      {
        hint: "Correct it, or make one with: concordat node init DIR",
        cause,
      },
    );
  }
}
