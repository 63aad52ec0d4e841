import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { InputError } from "@concordat/protocol/errors";
import { parseExperiment, type Experiment } from "./experiment.ts";

/**
 * Reads an experiment's file. Relative paths in it count from its own folder.
 * @param dataDir Folder with the dataset's files, instead of the file's `data.dir`.
 * @throws {InputError} when it cannot be read, is not YAML, or a key is unknown or wrong.
 */
export async function readExperiment(file: string, dataDir?: string): Promise<Experiment> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new InputError(`The experiment ${file} cannot be read`, { hint: "Check its path", cause });
  }
  const experiment = parseExperiment(parseYaml(file, text));
  const from = (path: string): string => resolve(dirname(file), path);
  const { data, model } = experiment;
  const dir = dataDir ?? (data.dir === undefined ? undefined : from(data.dir));
  return {
    ...experiment,
    model: model.endsWith(".json") ? from(model) : model,
    data: { ...data, ...(dir !== undefined && { dir: resolve(dir) }) },
  };
}

function parseYaml(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof YAMLParseError)) throw cause;
    const line = cause.linePos?.[0].line;
    throw new InputError(`The experiment ${file} is not YAML${line === undefined ? "" : `, line ${line}`}`, {
      hint: "Correct it",
      cause,
    });
  }
}
