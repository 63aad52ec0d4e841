/** Milliseconds in which a parent page must say that it is a Safe. */
const ANSWER_MS = 3_000;
/** Version of the Safe Apps SDK whose messages the question follows. */
const SDK_VERSION = "9.1.0";

/**
 * The origin of the Safe{Wallet} page in whose frame this page stands; undefined where it stands alone, or in a frame of anybody
 * else. Each allowed origin is asked by its name, so that the browser gives the question to no other. The answer holds for as
 * long as this page: a parent that goes to another origin takes its frames down.
 */
export async function safeParent(allowed: readonly string[]): Promise<string | undefined> {
  if (window.parent === window) return undefined;
  const origins = allowed.filter(mayBeParent);
  if (origins.length === 0) return undefined;
  const id = Math.random().toString(36).slice(2);
  const answer = new Promise<string | undefined>((resolve) => {
    const end = (origin: string | undefined): void => {
      clearTimeout(timer);
      removeEventListener("message", listener);
      resolve(origin);
    };
    const listener = ({ source, origin, data }: MessageEvent<unknown>): void => {
      if (source === window.parent && origins.includes(origin) && isAnswer(data, id)) end(origin);
    };
    const timer = setTimeout(end, ANSWER_MS, undefined);
    addEventListener("message", listener);
  });
  const question = { id, method: "getSafeInfo", env: { sdkVersion: SDK_VERSION } };
  for (const origin of origins) window.parent.postMessage(question, origin);
  return answer;
}

/** False where the browser tells that the parent is of another origin: not all tell, and some only "null". */
function mayBeParent(origin: string): boolean {
  const parent = (location as Partial<Location>).ancestorOrigins?.[0] ?? "null";
  return parent === "null" || parent === origin;
}

function isAnswer(data: unknown, id: string): boolean {
  if (typeof data !== "object" || data === null) return false;
  const { id: answered, success } = data as { readonly id?: unknown; readonly success?: unknown };
  return answered === id && success === true;
}
