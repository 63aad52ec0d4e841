import type { HostPort } from "@concordat/protocol/endpoints/endpoints";

/** What `node init` knows; everything else is written as a comment with its default. */
export interface NodeConfigValues {
  /** One endpoint, or several of one chain. */
  readonly rpcUrl: string | readonly string[];
  readonly addressBook: string;
  readonly dataset: {
    readonly dir?: string;
    readonly seed: number;
    readonly nodes: number;
    readonly index: number;
    readonly classesPerNode?: number | undefined;
    readonly trainPerClass?: number | undefined;
    readonly validationPerClass?: number | undefined;
  };
  readonly confirmations: number;
  readonly pollMs: number;
  readonly idlePollMs?: number;
  readonly listen: HostPort;
  readonly gateway: HostPort;
  readonly announce: readonly string[];
  readonly providers: readonly string[];
}

/** A configuration file that explains itself. JSON strings are YAML strings, so values are quoted as JSON. */
export function nodeConfigYaml(values: NodeConfigValues): string {
  const { dataset } = values;
  const list = (items: readonly string[]): string =>
    items.map((item) => `\n    - ${JSON.stringify(item)}`).join("");
  const announce =
    values.announce.length === 0
      ? `
  # Addresses to publish instead of those listened on, where the node stands behind a proxy or translation:
  # announce:
  #   - /dns4/node.example/tcp/443/https`
      : `
  # Addresses to publish instead of those listened on.
  announce:${list(values.announce)}`;
  return `# Configuration of a Concordat node. Relative paths start from this file's folder.

# The chain: a JSON-RPC endpoint that you trust (http, https, ws or wss), and the file that the deployment wrote. A list of
# endpoints of the same chain, preferred ones first, keeps the node going while one of them fails.
rpcUrl: ${JSON.stringify(oneOrMany(values.rpcUrl))}
addressBook: ${JSON.stringify(values.addressBook)}

# The key that signs results and pays for gas. Its password comes from CONCORDAT_PASSWORD, --password-file or a prompt.
# The operator's key, which owns the node, stakes, joins and claims, lies beside it in operator.json. Only commands that you
# run yourself use that one: keep it on another machine if you like.
keystore: signer.json

# Everything that the node keeps: artifacts, signed results, models, status.json.
dataDir: data

# Blocks that must lie on top of what the node acts on. More are safer where the chain reorganises, and slower.
confirmations: ${values.confirmations}

# Milliseconds between checks for a new block while a task runs, and while none does.
pollMs: ${values.pollMs}
${setting("idlePollMs", values.idlePollMs, 6000)}

# The store of models. "kind: kubo" with "url: http://127.0.0.1:5001" uses a Kubo node that you run instead.
artifacts:
  kind: helia
  # Where libp2p listens (bitswap); port 0 lets the system choose.
  listen: { host: ${JSON.stringify(values.listen.host)}, port: ${values.listen.port} }
  # Where the HTTP gateway listens, over which nodes also exchange attestations.
  gateway: { host: ${JSON.stringify(values.gateway.host)}, port: ${values.gateway.port} }${announce}

# Publishers who may hand the files of their tasks to this node from the dApp, by account: each file is signed for, and removed
# after keepDays unless a published task names it. Without this setting nobody may. Origins are those of the pages.
# uploads:
#   accounts: ["0x..."]
#   origins: ["https://dapp.example"]
#   maxBytes: 67108864
#   quotaBytes: 268435456
#   keepDays: 14

# Endpoint strings of further stores to fetch from, for instance a publisher's.
providers:${values.providers.length === 0 ? " []" : list(values.providers).replaceAll("\n    ", "\n  ")}

dataset:
  # Folder with the dataset's official files, gzipped or not; the built-in "digits" needs none.
  ${dataset.dir === undefined ? "# dir: /path/to/data" : `dir: ${JSON.stringify(dataset.dir)}`}
  # The node's share: the same on all nodes of a federation except for index. Without "kind", as in paper 1: a few classes
  # for each node, with equally many records of each. Other kinds, each with its keys:
  #   iid, dirichlet (alpha), subjects, quantity (exponent or alpha)   shares of one dataset; seed, nodes, index as below
  #   file (file, index, digest)    what "concordat data partition" wrote
  #   own                           the whole folder is this node's, and may grow while it trains
  partition:
    seed: ${dataset.seed}
    nodes: ${dataset.nodes}
    index: ${dataset.index}
    ${setting("classesPerNode", dataset.classesPerNode, 4)}
    ${setting("trainPerClass", dataset.trainPerClass, 150)}
    ${setting("validationPerClass", dataset.validationPerClass, 50)}

# auto (the best that works here), wasm, webgpu, tensorflow, tensorflow-gpu or cpu; or any program that speaks the
# protocol of docs/process-trainer.md:  engine: { process: { command: python3, args: [trainer.py] } }
engine: auto

# Tasks to serve: every one that the node has joined, or a list like [1, 4].
tasks: joined

# Whether the node starts tasks and ends phases when they are due. One node of a federation that does so is enough.
advance: true

# How many rounds of artifacts to keep. Without it all are kept, which an audit of the aggregates needs.
# keepRounds: 50

# What all training on this node together may spend of its records' privacy. Training that would exceed it is refused, and
# so is all training without differential privacy.
# privacyBudget: { epsilon: 8, delta: 0.00001 }
`;
}

function oneOrMany(urls: string | readonly string[]): string | readonly string[] {
  return typeof urls !== "string" && urls.length === 1 ? (urls[0] ?? urls) : urls;
}

function setting(key: string, value: number | undefined, byDefault: number): string {
  return value === undefined ? `# ${key}: ${byDefault}` : `${key}: ${value}`;
}
