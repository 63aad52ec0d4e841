import { InputError } from "@concordat/protocol/errors";

/** Parts of the command that are not installed with it, since a node needs none of them. */
export type Part = "@concordat/demo" | "@concordat/experiments";

/**
 * Loads a part when it is called for.
 * @throws {InputError} saying how to install it, when it is not there.
 */
export async function loadPart<T>(part: Part, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if (!isMissing(cause, part)) throw cause;
    throw new InputError(`This command needs ${part}, which is not installed`, {
      hint: `npm install ${part}`,
      cause,
    });
  }
}

/** Whether it is the part itself that cannot be found, not something that it needs in turn. */
function isMissing(error: unknown, part: Part): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return error.code === "ERR_MODULE_NOT_FOUND" && error.message.includes(`'${part}'`);
}
