import { InputError } from "@concordat/protocol/errors";
import type { DataFile } from "./dataFile.ts";
import { readDecimal } from "./decimalNumber.ts";

/**
 * Reads a text file of numbers: one record a line, values apart by blanks.
 *
 * @param width Values that each line must have.
 * @returns All values, [lines, width] row-major.
 * @throws {InputError} naming the file and the line where a value is missing, additional, or no number that float32 holds.
 */
export function parseNumberLines({ path, bytes }: DataFile, width: number): Float32Array {
  const lines = bytes.toString("latin1").split("\n");
  if (lines.at(-1)?.trim() === "") lines.pop();
  if (lines.length === 0) throw new InputError(`${path} is empty`, { hint: "Give the official file" });
  const values = new Float32Array(lines.length * width);
  lines.forEach((line, row) => {
    const words = line.trim().split(/\s+/);
    if (words.length !== width) {
      throw new InputError(`${path}: line ${row + 1} has ${words.length} values, not ${width}`, {
        hint: "It is truncated or another file: give the official one",
      });
    }
    words.forEach((word, column) => {
      const found = readDecimal(word);
      if ("problem" in found) {
        const what = `line ${row + 1} holds "${word.slice(0, 20)}", which is ${found.problem}`;
        throw new InputError(`${path}: ${what}`, { hint: "Give the official file" });
      }
      values[row * width + column] = found.value;
    });
  });
  return values;
}

/** Reads one whole number a line. @throws {InputError} naming the line where it is not within the range. */
export function parseWholeNumbers(file: DataFile, min: number, max: number): Uint16Array {
  return Uint16Array.from(parseNumberLines(file, 1), (value, row) => {
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InputError(
      `${file.path}: line ${row + 1} holds ${value}, not a whole number from ${min} to ${max}`,
      {
        hint: "Give the official file",
      },
    );
  });
}
