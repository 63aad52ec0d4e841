import { Contract } from "ethers";
import { taskRegistryAbi } from "../../../protocol/abis.ts";
import type { Digest } from "../../../protocol/ids.ts";
import type { ChainGateway } from "../chain/chainGateway.ts";

/** Whether the terms of a published task name the artifact as manifest or initial model. @throws the endpoint's error. */
export async function namedByTasks({ provider, book }: ChainGateway, digest: Digest): Promise<boolean> {
  const registry = new Contract(book.contracts.TaskRegistry, taskRegistryAbi, provider);
  const count = Number(await registry.getFunction("taskCount")());
  for (let taskId = count; taskId > 0; taskId--) {
    const terms = (await registry.getFunction("terms")(taskId)) as {
      readonly manifestDigest: string;
      readonly initialModelDigest: string;
    };
    if (terms.manifestDigest === digest || terms.initialModelDigest === digest) return true;
  }
  return false;
}
