import { buildDag } from "@concordat/protocol/artifacts/contentAddress";
import type { NamedBytes } from "@concordat/learning/tasks/taskFiles";
import { ConcordatError } from "@concordat/protocol/errors";

/** Milliseconds that one call to Kubo may take. */
const CALL_TIMEOUT_MS = 60_000;
/** Addresses of the Kubo node that are shown. */
const MAX_ADDRESSES = 3;

/**
 * Uploads a file's blocks to a Kubo node and pins them. Our own blocks go there as they are, since Kubo's `add` would name
 * small files otherwise; what Kubo names them must be what the task's terms name.
 * @throws {ConcordatError} when Kubo does not answer, does not allow this page, refuses, or names the file otherwise.
 */
export async function pinToKubo(rpcUrl: string, { bytes, digest }: NamedBytes): Promise<void> {
  const { root, blocks, digest: built } = await buildDag(bytes);
  if (built !== digest) throw new ConcordatError(`The file has the digest ${built}, not ${digest}`);
  for (const { cid, bytes: block } of blocks) {
    const codec = cid.equals(root) ? "dag-pb" : "raw";
    const body = new FormData();
    body.append("data", new Blob([block as BlobPart]));
    const query = `cid-codec=${codec}&mhtype=sha2-256&allow-big-block=true`;
    const { Key: stored } = await call(rpcUrl, `block/put?${query}`, body);
    if (stored !== cid.toString()) throw misnamed(rpcUrl, cid.toString(), stored);
  }
  const { Pins: pins } = await call(rpcUrl, `pin/add?arg=${root.toString()}`);
  if (!Array.isArray(pins) || !pins.includes(root.toString())) throw misnamed(rpcUrl, root.toString(), pins);
}

/** Addresses at which other nodes reach the Kubo node, as it says them. @throws {ConcordatError} as {@link pinToKubo}. */
export async function kuboAddresses(rpcUrl: string): Promise<readonly string[]> {
  const { Addresses: addresses } = await call(rpcUrl, "id");
  return Array.isArray(addresses) ? addresses.slice(0, MAX_ADDRESSES).map(String) : [];
}

async function call(rpcUrl: string, path: string, body?: FormData): Promise<Record<string, unknown>> {
  const host = new URL(rpcUrl).host;
  const options = { method: "POST", ...(body && { body }), credentials: "omit" } as const;
  const response = await fetch(`${rpcUrl}/api/v0/${path}`, {
    ...options,
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  }).catch(() => undefined);
  if (response === undefined) throw await whySilent(rpcUrl);
  const text = await response.text().catch(() => "");
  const answer = parsed(text);
  if (response.ok && answer !== undefined) return answer;
  if (response.status === 403) throw forbidden(host);
  const reason = answer?.["Message"];
  throw typeof reason === "string"
    ? new ConcordatError(`The Kubo node at ${host} refused: ${reason.slice(0, 200)}`, {
        hint: "Correct that and try again, or save the files",
      })
    : new ConcordatError(`What answers at ${host} is no Kubo node (HTTP ${response.status})`, {
        hint: "Correct kuboRpcUrl in config.json beside the page, or save the files",
      });
}

/**
 * A browser does not tell a page why a call failed. A call whose answer the page may not read gets through to whoever is
 * there, so that it tells a node that is down from one that does not allow the page.
 */
async function whySilent(rpcUrl: string): Promise<ConcordatError> {
  const { protocol, host } = new URL(rpcUrl);
  const answers = await fetch(`${rpcUrl}/api/v0/version`, {
    method: "POST",
    mode: "no-cors",
    credentials: "omit",
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  }).then(
    () => true,
    () => false,
  );
  if (answers) return forbidden(host);
  const isMixed = location.protocol === "https:" && protocol === "http:";
  return new ConcordatError(`No Kubo node answers at ${host}`, {
    hint: `Start it with \`ipfs daemon\`${isMixed ? " (a page loaded by https may call http on this machine alone)" : ""}, correct kuboRpcUrl in config.json beside the page, or save the files`,
  });
}

function forbidden(host: string): ConcordatError {
  const allow = `ipfs config --json API.HTTPHeaders.Access-Control-Allow-Origin '["${location.origin}"]'`;
  return new ConcordatError(`The Kubo node at ${host} does not allow this page to call it`, {
    hint: `Run \`${allow}\` and start it again, or save the files`,
  });
}

function misnamed(rpcUrl: string, expected: string, stored: unknown): ConcordatError {
  return new ConcordatError(
    `The node at ${new URL(rpcUrl).host} stored ${expected} as ${String(stored).slice(0, 80)}`,
    { hint: "Use Kubo 0.35 or later, or save the files" },
  );
}

/** Undefined for what is no JSON object. */
function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
