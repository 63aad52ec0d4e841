import { z } from "zod";
import { isAddress } from "ethers";
import { MAX_ARTIFACT_BYTES } from "@concordat/protocol/artifacts/contentAddress";
import { InputError } from "@concordat/protocol/errors";
import { PARTITION_SCHEMES } from "@concordat/learning/partition/scheme";
import { ENGINE_NAMES } from "@concordat/learning/engines/engine";

const path = z.string().min(1);
const port = z.number().int().min(0).max(65_535);
const listen = z.strictObject({ host: z.string().min(1), port });

const artifacts = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("helia"),
    /** Where libp2p listens for bitswap. */
    listen: listen.default({ host: "127.0.0.1", port: 0 }),
    /** Where the HTTP gateway listens, over which nodes also exchange attestations. */
    gateway: listen.default({ host: "127.0.0.1", port: 0 }),
    /** Addresses to publish instead of those listened on; one of them must be of the gateway. */
    announce: z.array(z.string().min(1)).max(8).optional(),
  }),
  z.strictObject({
    kind: z.literal("kubo"),
    /** The RPC address of the Kubo node. */
    url: z.url(),
    gateway: listen.default({ host: "127.0.0.1", port: 0 }),
    announce: z.array(z.string().min(1)).max(8).optional(),
  }),
]);

const place = z.number().int().min(0).max(1023);
const partition = z.discriminatedUnion("kind", [
  PARTITION_SCHEMES.classes.extend({ index: place }),
  PARTITION_SCHEMES.iid.extend({ index: place }),
  PARTITION_SCHEMES.dirichlet.extend({ index: place }),
  PARTITION_SCHEMES.subjects.extend({ index: place }),
  PARTITION_SCHEMES.quantity.extend({ index: place }),
  /** An index file that `concordat data partition` wrote, and the digest that the federation agreed on. */
  z.strictObject({
    kind: z.literal("file"),
    file: path,
    index: place,
    digest: z
      .string()
      .regex(/^0x[0-9a-f]{64}$/)
      .optional(),
  }),
  /** The whole folder is this node's. It may grow: what comes joins training between rounds. */
  z.strictObject({
    kind: z.literal("own"),
    seed: z.number().int().min(0).max(0xffff_ffff).default(1),
    /** Part of the training file that negotiation scores, drawn once. */
    validationShare: z.number().positive().lt(1).default(0.2),
  }),
]);

const engine = z.union(
  [
    z.enum(["auto", ...ENGINE_NAMES]),
    z.strictObject({
      process: z.strictObject({
        command: path,
        args: z.array(z.string()).default([]),
        /** The folder in which it runs; that of the configuration file by default. */
        dir: path.optional(),
        /** How long the program may be silent while it works. */
        timeoutSeconds: z.number().int().min(1).max(86_400).default(600),
      }),
    }),
  ],
  { error: `give auto, ${ENGINE_NAMES.join(", ")}, or process with command and args` },
);

const MIB = 1024 * 1024;
const account = z
  .string()
  .refine((value) => isAddress(value) && !/^0x0+$/.test(value), { error: "give an account's address" });
const origin = z.string().refine((value) => URL.canParse(value) && new URL(value).origin === value, {
  error:
    "give scheme, host and port as the browser names them, without a slash at the end: https://dapp.example",
});

/** Files that publishers hand to this node from the dApp: see docs/operators-guide.md. */
const uploads = z
  .strictObject({
    /** Whose files are taken, after each one's signature. */
    accounts: z.array(account).min(1).max(64),
    /** Origins of the pages that may hand them over; none is right for programs that are no pages. */
    origins: z.array(origin).max(16).default([]),
    /** Bytes of one file at most. */
    maxBytes: z
      .number()
      .int()
      .min(1)
      .max(MAX_ARTIFACT_BYTES)
      .default(64 * MIB),
    /** Bytes that one account may have on this node's disk at a time. */
    quotaBytes: z
      .number()
      .int()
      .min(1)
      .default(256 * MIB),
    /** Days after which a file goes that no published task names. */
    keepDays: z.number().positive().max(3650).default(14),
  })
  .refine(({ maxBytes, quotaBytes }) => quotaBytes >= maxBytes, {
    path: ["quotaBytes"],
    error: "give at least maxBytes, or no file of that size fits",
  });

const schema = z.strictObject({
  /** JSON-RPC endpoints of one chain, http, https, ws or wss: one, or a list with the preferred ones first. */
  rpcUrl: z.union([z.url(), z.array(z.url()).min(1).max(8)], { error: "give a URL, or a list of them" }),
  /** The JSON file that the deployment wrote. */
  addressBook: path,
  /** Folder of everything that the node keeps: artifacts, signed results, models, status. */
  dataDir: path,
  /** Encrypted JSON keystore of the key that signs results and pays for gas. */
  keystore: path,
  /** Blocks that must lie on top of what the node acts on. */
  confirmations: z.number().int().min(0).max(1000).default(2),
  /** Milliseconds between two looks at the chain's newest block while a task runs; longer ones suit chains with slow blocks. */
  pollMs: z.number().int().min(10).max(60_000).default(250),
  /** The same while no task runs: endpoints count requests. */
  idlePollMs: z.number().int().min(10).max(600_000).default(6000),
  artifacts: artifacts.prefault({ kind: "helia" }),
  /** Whose files the gateway takes. Without it, nobody's. */
  uploads: uploads.optional(),
  /** Endpoint strings of further stores to fetch from, for instance a publisher's. */
  providers: z.array(z.string().min(1)).max(32).default([]),
  dataset: z.strictObject({
    /** Folder with the dataset's files; `digits` needs none. */
    dir: path.optional(),
    /** The node's share of the dataset. Equal on all nodes but for `index`, unless the folder is the node's own. */
    partition,
  }),
  /** What trains: an engine by name, or a program (docs/process-trainer.md). */
  engine: engine.default("auto"),
  /** Every task that the node joined, or only these of them. */
  tasks: z.union([z.literal("joined"), z.array(z.number().int().min(1))]).default("joined"),
  /** Whether the node starts tasks and ends phases when they are due. */
  advance: z.boolean().default(true),
  /** Rounds whose artifacts are kept; without it all are, which an audit of the aggregates needs. */
  keepRounds: z.number().int().min(2).optional(),
  /**
   * What all trainings of this node together may spend, by the accountant; a training that would pass it is refused, and so
   * is every one without differential privacy. Without it each task's own terms decide.
   */
  privacyBudget: z.strictObject({ epsilon: z.number().positive(), delta: z.number().gt(0).lt(1) }).optional(),
});

/** How a node is set up; see the schema for what each key means. */
export type NodeConfig = z.output<typeof schema>;
/** A configuration as an operator writes it: defaults may be left out. */
export type NodeConfigInput = z.input<typeof schema>;

/**
 * Checks a parsed configuration and fills in defaults.
 * @throws {InputError} naming the key and what to write instead.
 */
export function parseNodeConfig(value: unknown): NodeConfig {
  const result = schema.safeParse(value ?? {});
  if (result.success) return checkIndex(result.data);
  const issue = result.error.issues[0];
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const key =
    [...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])].join(".") || "configuration";
  if (unknown !== undefined) {
    throw new InputError(`The configuration has an unknown key ${key}`, {
      hint: "Remove it or correct its name",
    });
  }
  throw new InputError(`The configuration's ${key} is wrong: ${issue?.message ?? "invalid"}`, {
    hint: `Correct ${key} in the configuration file`,
  });
}

function checkIndex(config: NodeConfig): NodeConfig {
  const share = config.dataset.partition;
  if (!("nodes" in share) || share.index < share.nodes) return config;
  const { index, nodes } = share;
  throw new InputError(`The configuration's dataset.partition.index is wrong: ${index} of ${nodes} nodes`, {
    hint: `Give a number from 0 to ${nodes - 1}`,
  });
}
