import { DatabaseSync } from "node:sqlite";
import { InputError } from "@concordat/protocol/errors";

/**
 * Makes this process the only writer of an index, until `release` or its death, however sudden: a transaction that never
 * ends on an empty database beside the index, whose lock the operating system holds. The empty file stays.
 * @throws {InputError} when another process writes the index.
 */
export function lockForWriting(file: string): { release(): void } {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(`${file}.lock`);
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    database?.close();
    const isLocked = cause instanceof Error && /locked/.test(cause.message);
    throw isLocked
      ? new InputError(`Another process is writing the index ${file}`, {
          hint: "Use that one, stop it, or give another file with --db",
          cause,
        })
      : new InputError(`The index ${file} cannot be written`, {
          hint: "Give a file in a writable folder with --db",
          cause,
        });
  }
  const held = database;
  return { release: () => held.close() };
}
