import type { Logger } from "pino";

const URL_TEXT = /\b(?:https?|wss?):\/\/[^\s"'<>\\]+/gi;
/** Parts of a URL that are shorter are words such as "v2" or "rpc", and no keys. */
const LEAST_KEY = 6;
const HIDDEN = "[hidden]";

/**
 * Makes what is printed, written or sent free of the keys that stand in the addresses of endpoints: of a URL only scheme,
 * host and port are left, and a key that comes back in other words, for instance in an endpoint's own error, is taken out.
 */
export class Redaction {
  readonly #keys: readonly string[];

  /** @param urls The addresses that may hold keys: in user, password, path or query. */
  constructor(urls: readonly string[]) {
    const keys = new Set(urls.flatMap(keysOf));
    this.#keys = [...keys].toSorted((a, b) => b.length - a.length);
  }

  /** The text without any key. */
  text(text: string): string {
    const short = text.replace(URL_TEXT, originOf);
    return this.#keys.reduce((kept, key) => kept.replaceAll(key, HIDDEN), short);
  }

  /** A logger of which no line holds a key, however an error is given to it. */
  logger(logger: Logger): Logger {
    const value = (given: unknown): unknown => (typeof given === "string" ? this.text(given) : given);
    const err = (error: unknown): unknown => this.#error(error);
    return logger.child({}, { serializers: { err, error: value, problem: value, reason: value } });
  }

  /** Nothing but name, message and stack: libraries hang whole requests on their errors. */
  #error(error: unknown): unknown {
    if (!(error instanceof Error)) return this.text(String(error));
    return { type: error.name, message: this.text(error.message), stack: this.text(error.stack ?? "") };
  }
}

function originOf(found: string): string {
  // What ends a sentence is no part of the address.
  const [url = ""] = /^.*[^:;,.)\]}]/.exec(found) ?? [];
  try {
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}${found.slice(url.length)}`;
  } catch {
    return HIDDEN;
  }
}

function keysOf(url: string): string[] {
  try {
    const { username, password, pathname, searchParams, hash } = new URL(url);
    const parts = [username, password, ...pathname.split("/"), ...searchParams.values(), hash.slice(1)];
    return parts.flatMap((part) => [part, decoded(part)]).filter((part) => part.length >= LEAST_KEY);
  } catch {
    return [];
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
