import { join, dirname, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ConcordatError } from "@concordat/protocol/errors";
import type { AccountStatus, NodeStatus } from "@concordat/node/status/nodeStatus";
import { progressOf } from "@concordat/node/rounds/progress";
import { ExitCode } from "@concordat/console/exitCode";
import { readNodeConfig } from "@concordat/node/setup/nodeConfigFile";
import { nodeStatusText, type NodeFacts } from "../nodeStatusText.ts";
import { withReader } from "../openChain.ts";
import { print, printJson } from "@concordat/console/output";
import { readStatus } from "./nodeAnnounce.ts";
import { addressOfKeystore } from "./nodeApply.ts";

export interface NodeStatusOptions {
  readonly config: string;
  readonly json?: true;
}

/** Milliseconds that the chain may take: without it, what the node wrote is all there is to tell. */
const CHAIN_MS = 8000;

/** What the chain says of a node. */
type ChainFacts = Pick<NodeFacts, "node" | "isMember" | "signer" | "operator" | "endpoints">;

/**
 * `concordat node status`: what the chain says of the node, and what the node last wrote about itself. Where the endpoint
 * does not answer, the latter is told, with its age.
 */
export async function runNodeStatus(options: NodeStatusOptions): Promise<void> {
  const config = await readNodeConfig(options.config);
  const signer = await addressOfKeystore(config.keystore);
  const operatorFile = join(dirname(resolve(options.config)), "operator.json");
  const operator = await addressOfKeystore(operatorFile).catch(() => undefined);
  const status = await readStatus(config.dataDir);
  const found = await bounded(readChain(options, signer, operator)).catch((error: unknown) => {
    if (!(error instanceof ConcordatError) || status === undefined) throw error;
    return error;
  });
  const facts: NodeFacts =
    found instanceof ConcordatError
      ? { ...writtenFacts(status, signer, operator), chainProblem: found.message, status }
      : { ...found, status };
  if (options.json) printJson(asJson(facts));
  else print(nodeStatusText(facts));
  // An endpoint that is silent would keep the process until it has answered.
  if (facts.chainProblem !== undefined) process.stdout.write("", () => process.exit(ExitCode.Ok));
}

async function readChain(
  options: NodeStatusOptions,
  signer: string,
  operator: string | undefined,
): Promise<ChainFacts> {
  return withReader(options, async ({ contracts: { nodeRegistry }, provider }) => {
    const nodeId = Number(await nodeRegistry.nodeOfSigner(signer));
    const registered = nodeId === 0 ? undefined : await nodeRegistry.getFunction("node")(nodeId);
    const owner = registered?.operator ?? operator;
    const account = async (address: string): Promise<AccountStatus> => ({
      address,
      balanceWei: String(await provider.getBalance(address)),
      readAt: new Date().toISOString(),
    });
    return {
      node: nodeId === 0 ? undefined : nodeId,
      isMember: registered?.isMember ?? false,
      signer: await account(signer),
      operator: owner === undefined ? undefined : await account(owner),
      endpoints: registered?.endpoints,
    };
  });
}

/** What the node wrote of what the chain said to it. */
function writtenFacts(
  status: NodeStatus | undefined,
  signer: string,
  operator: string | undefined,
): ChainFacts {
  const { signer: own, operator: owner } = status?.accounts ?? {};
  return {
    node: status?.nodeId,
    signer: own ?? { address: signer },
    operator: owner ?? (operator === undefined ? undefined : { address: operator }),
  };
}

function asJson({ status, signer, operator, chainProblem, ...chain }: NodeFacts): object {
  return {
    ...chain,
    chainProblem,
    signer: signer.address,
    signerBalance: "balanceWei" in signer ? signer.balanceWei : undefined,
    operator: operator?.address,
    operatorBalance: operator !== undefined && "balanceWei" in operator ? operator.balanceWei : undefined,
    gas: status?.accounts?.gas,
    progress: status === undefined ? undefined : progressOf(status),
    running: status !== undefined && progressOf(status).state === "progress",
    status,
  };
}

/** The outcome of reading the chain, or that it took too long: then nobody waits for it any more. */
async function bounded<T>(reading: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = sleep(CHAIN_MS, undefined, { signal: timer.signal }).then(() => {
    throw new ConcordatError(`the endpoint did not answer within ${CHAIN_MS / 1000} seconds`);
  });
  reading.catch(() => undefined);
  late.catch(() => undefined);
  return Promise.race([reading, late]).finally(() => timer.abort());
}
