import { ConcordatError } from "../../../../protocol/errors.ts";
import type { BuiltFile } from "./buildFiles.ts";

/**
 * Uploads a file's blocks to a Kubo node and pins them. Our own blocks go there as they are: Kubo's `add` would name small
 * files otherwise.
 * @throws {ConcordatError} when Kubo does not answer, or refuses.
 */
export async function pinToKubo(rpcUrl: string, { name, dag }: BuiltFile): Promise<void> {
  for (const { cid, bytes } of dag.blocks) {
    const codec = cid.equals(dag.root) ? "dag-pb" : "raw";
    const body = new FormData();
    body.append("data", new Blob([bytes as BlobPart]));
    await call(
      `${rpcUrl}/api/v0/block/put?cid-codec=${codec}&mhtype=sha2-256&allow-big-block=true`,
      body,
      name,
    );
  }
  await call(`${rpcUrl}/api/v0/pin/add?arg=${dag.root.toString()}`, undefined, name);
}

async function call(address: string, body: FormData | undefined, name: string): Promise<void> {
  const response = await fetch(address, { method: "POST", ...(body && { body }), credentials: "omit" }).catch(
    () => undefined,
  );
  if (response?.ok === true) return;
  throw new ConcordatError(
    response === undefined
      ? "The Kubo node does not answer this page"
      : `The Kubo node refused ${name} (HTTP ${response.status})`,
    {
      hint: "Start it, and allow this page’s origin in its API.HTTPHeaders; or save the files and add them to a node",
    },
  );
}
