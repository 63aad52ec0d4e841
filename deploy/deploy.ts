/**
 * Deploys to the network that Hardhat is told: `hardhat run deploy/deploy.ts --network local`, or `--network public` with
 * CONCORDAT_RPC_URL and CONCORDAT_DEPLOYER_KEY in the environment or in Hardhat's keystore.
 *
 * CONCORDAT_PARAMETERS names the parameters' file (deploy/parameters/<network>.json), CONCORDAT_ADDRESS_BOOK the file to
 * write (deploy/addresses/<network>.json).
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { artifacts, network } from "hardhat";
import { ConcordatError, InputError } from "../protocol/errors.ts";
import { deployConcordat } from "./deployConcordat.ts";
import { readDeploymentParameters } from "./deploymentParameters.ts";

const connection = await network.create();
try {
  const { networkName } = connection;
  const folder = fileURLToPath(new URL(".", import.meta.url));
  const { env } = process;
  const parameters = await readDeploymentParameters(
    env["CONCORDAT_PARAMETERS"] ?? `${folder}parameters/${networkName}.json`,
  );
  // A local chain forgets what was deployed when it stops, so only other networks' deployments are remembered.
  const journal = networkName === "local" ? undefined : `${folder}deployments/${networkName}`;
  const book = await deployConcordat({
    ...parameters,
    hre: { artifacts, network },
    chain: connection,
    ...(journal !== undefined && { journal }),
  });
  const target = env["CONCORDAT_ADDRESS_BOOK"] ?? `${folder}addresses/${networkName}.json`;
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, `${JSON.stringify(book, undefined, 2)}\n`);
  console.log(`Deployed to chain ${book.chainId}; address book: ${target}`);
} catch (error) {
  if (!(error instanceof ConcordatError)) throw error;
  console.error(`concordat: ${error.oneLine}`);
  process.exitCode = error instanceof InputError ? 2 : 1;
} finally {
  await connection.close();
}
