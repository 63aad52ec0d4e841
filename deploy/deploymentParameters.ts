import { readFile } from "node:fs/promises";
import { isAddress } from "ethers";
import { z } from "zod";
import { InputError } from "@concordat/protocol/errors";

const address = z.string().refine((value) => isAddress(value), "is not an address");

const schema = z.strictObject({
  founders: z
    .array(
      z.strictObject({
        operator: address,
        signer: address,
        encryptionKey: z
          .string()
          .regex(/^0x([0-9a-fA-F]{2})*$/, "is not 0x and hex digits")
          .exactOptional(),
        endpoints: z.string().max(512).exactOptional(),
      }),
    )
    .min(1),
  votingPeriod: z.number().int().positive(),
  unbondingPeriod: z.number().int().positive(),
  developmentToken: z.boolean(),
  confirmations: z.number().int().positive(),
});

/** A network's parameters: one file of deploy/parameters each. */
export type DeploymentParameters = Readonly<z.infer<typeof schema>>;

/** Reads a network's parameters. @throws {InputError} naming the file, and the first entry that is wrong. */
export async function readDeploymentParameters(file: string): Promise<DeploymentParameters> {
  const hint = "deploy/parameters/local.json is an example";
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new InputError(`The deployment parameters ${file} cannot be read as JSON`, { hint, cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new InputError(`${file}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? "is malformed"}`, {
    hint,
  });
}
