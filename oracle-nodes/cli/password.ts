import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { InputError } from "@concordat/protocol/errors";
import { InterruptedError } from "@concordat/console/interruptedError";

/** A shorter one is guessed from a stolen keystore. */
const MIN_LENGTH = 8;

/** Where a password comes from, in this order: a file, CONCORDAT_PASSWORD, the person at the terminal. */
export interface PasswordSource {
  readonly passwordFile?: string;
}

/**
 * The password of an existing keystore.
 * @throws {InputError} when there is none and nobody to ask.
 */
export async function askPassword(source: PasswordSource, what: string): Promise<string> {
  return (await givenPassword(source)) ?? promptHidden(`Password of ${what}: `);
}

/**
 * A password for a new keystore; a person types it twice.
 * @throws {InputError} when it is too short, or typed differently the second time.
 */
export async function chooseNewPassword(source: PasswordSource): Promise<string> {
  const given = await givenPassword(source);
  const password = given ?? (await promptHidden("New password for the keystores: "));
  if (password.length < MIN_LENGTH) {
    throw new InputError(`The password has ${password.length} characters`, {
      hint: `Give at least ${MIN_LENGTH}`,
    });
  }
  if (given === undefined && (await promptHidden("Again: ")) !== password) {
    throw new InputError("The two passwords differ", { hint: "Start again" });
  }
  return password;
}

async function givenPassword({ passwordFile }: PasswordSource): Promise<string | undefined> {
  if (passwordFile === undefined) return process.env["CONCORDAT_PASSWORD"];
  try {
    return (await readFile(passwordFile, "utf8")).replace(/\r?\n$/, "");
  } catch (cause) {
    throw new InputError(`The password file ${passwordFile} cannot be read`, {
      hint: "Correct --password-file",
      cause,
    });
  }
}

/** Asks at the terminal without showing what is typed. */
async function promptHidden(question: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new InputError("No password given, and no terminal to ask for one", {
      hint: "Give --password-file FILE or set CONCORDAT_PASSWORD",
    });
  }
  process.stderr.write(question);
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: hidden, terminal: true });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  terminal.once("SIGINT", () => reject(new InterruptedError()));
  terminal.once("close", () => reject(new InterruptedError()));
  terminal.once("line", resolve);
  try {
    return await promise;
  } finally {
    terminal.close();
    process.stderr.write("\n");
  }
}
