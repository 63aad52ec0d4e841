/**
 * Deploys to the network that Hardhat is told: `hardhat run deploy/deploy.ts --network local`, or `--network public` with
 * CONCORDAT_RPC_URL and CONCORDAT_DEPLOYER_KEY in the environment or in Hardhat's keystore.
 *
 * CONCORDAT_PARAMETERS names the parameters' file (deploy/parameters/<network>.json), CONCORDAT_ADDRESS_BOOK the file to
 * write (deploy/addresses/<network>.json). Where that is there already, nothing is deployed unless CONCORDAT_AGAIN=yes.
 */
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { artifacts, network } from "hardhat";
import { currencyWords } from "@concordat/protocol/words/currencyWords";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import { checkDeployer } from "./checkDeployer.ts";
import { checkChain, deployConcordat } from "./deployConcordat.ts";
import { readDeploymentParameters } from "./deploymentParameters.ts";
import { checkEarlier, moveAside } from "./earlierDeployment.ts";

try {
  await run();
} catch (error) {
  const told = explain(error);
  if (told === undefined) throw error;
  console.error(`concordat: ${told.oneLine}`);
  process.exitCode = told instanceof InputError ? 2 : 1;
}

async function run(): Promise<void> {
  const { env } = process;
  const connection = await network.create();
  try {
    const { networkName, provider } = connection;
    const folder = fileURLToPath(new URL(".", import.meta.url));
    const parameters = await readDeploymentParameters(
      env["CONCORDAT_PARAMETERS"] ?? `${folder}parameters/${networkName}.json`,
    );
    const target = resolve(env["CONCORDAT_ADDRESS_BOOK"] ?? `${folder}addresses/${networkName}.json`);
    // A local chain forgets what was deployed when it stops, so only other networks' deployments are remembered, each chain's apart.
    const isForgetful = networkName === "local";
    const chainId = Number(await provider.request({ method: "eth_chainId" }));
    const journal = isForgetful ? undefined : `${folder}deployments/${networkName}-${chainId}`;
    const again = env["CONCORDAT_AGAIN"] === "yes";

    const { account, balance, cost, gas } = await checkDeployer(provider, artifacts, parameters);
    console.log(
      `Deployer ${account} has ${currencyWords(balance)}; about ${gas.toLocaleString("en")} gas cost at most ${currencyWords(cost)}`,
    );
    await checkEarlier(provider, { target, again, isForgetful });
    await checkChain(provider);
    if (again && journal !== undefined) tell(await moveAside(journal));
    if (journal !== undefined && existsSync(journal)) {
      console.log(`Continuing the deployment recorded in ${journal}; for another one: CONCORDAT_AGAIN=yes`);
    }

    const book = await deployConcordat({
      ...parameters,
      hre: { artifacts, network },
      chain: connection,
      ...(journal !== undefined && { journal }),
    });
    await mkdir(dirname(target), { recursive: true });
    await writeFile(`${target}.partial`, `${JSON.stringify(book, undefined, 2)}\n`);
    // The earlier address book stays where it is until there is another one.
    tell(await moveAside(target));
    await rename(`${target}.partial`, target);
    console.log(`Deployed to chain ${book.chainId}; address book: ${target}. Give it to every operator`);
  } finally {
    await connection.close();
  }
}

function tell(kept: string | undefined): void {
  if (kept !== undefined) console.log(`Kept from the earlier deployment: ${kept}`);
}

/** What its user did, in one line; undefined for a fault of ours. */
function explain(error: unknown): ConcordatError | undefined {
  if (error instanceof ConcordatError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const variable = /CONCORDAT_(?:RPC_URL|DEPLOYER_KEY)/.exec(message)?.[0];
  if (variable !== undefined) {
    return new InputError(`${variable} is not set`, {
      hint: `Give it in the environment, or with: npx hardhat keystore set ${variable}`,
      cause: error,
    });
  }
  if (/cannot connect|couldn't connect|ECONNREFUSED|ENOTFOUND|ETIMEDOUT|fetch failed/i.test(message)) {
    return new InputError("The chain's endpoint cannot be reached", {
      hint: "Start the chain, or correct CONCORDAT_RPC_URL (RPC_URL with --network local)",
      cause: error,
    });
  }
  return undefined;
}
