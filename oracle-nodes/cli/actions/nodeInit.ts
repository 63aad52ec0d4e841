import { existsSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { InputError } from "@concordat/protocol/errors";
import type { HostPort } from "@concordat/protocol/endpoints/endpoints";
import { checkAnnounced } from "@concordat/protocol/endpoints/endpoints";
import { initialiseNode } from "@concordat/node/setup/initialiseNode";
import { readAddressBook } from "@concordat/chain/contracts/readAddressBook";
import { pairs, print, printJson } from "@concordat/console/output";
import { chooseNewPassword } from "../password.ts";

export interface NodeInitCommandOptions {
  readonly rpc: readonly string[];
  readonly addressBook: string;
  readonly data?: string;
  readonly nodes: number;
  readonly index: number;
  readonly seed: number;
  readonly listen: string;
  readonly gateway: string;
  readonly announce?: readonly string[];
  readonly provider?: readonly string[];
  readonly confirmations: number;
  readonly passwordFile?: string;
  readonly json?: true;
}

/**
 * `concordat node init`: checks everything, then makes the folder. Founders make theirs before the deployment, which needs
 * their addresses: the address book may come later, but one that is there is checked.
 */
export async function runNodeInit(dir: string, options: NodeInitCommandOptions): Promise<void> {
  const deployed = existsSync(options.addressBook);
  if (deployed) await readAddressBook(options.addressBook);
  if (options.data !== undefined && !existsSync(options.data)) {
    throw new InputError(`There is no folder ${options.data}`, { hint: "Correct --data" });
  }
  const listen = hostPort("--listen", options.listen);
  const gateway = hostPort("--gateway", options.gateway);
  checkAnnounced(
    [
      { name: "gateway (--gateway)", at: gateway },
      { name: "libp2p host (--listen)", at: listen },
    ],
    options.announce,
  );
  const values = {
    rpcUrl: options.rpc,
    addressBook: pathInside(dir, options.addressBook),
    dataset: {
      seed: options.seed,
      nodes: options.nodes,
      index: options.index,
      ...(options.data !== undefined && { dir: resolve(options.data) }),
    },
    confirmations: options.confirmations,
    pollMs: 250,
    listen,
    gateway,
    announce: options.announce ?? [],
    providers: options.provider ?? [],
  };
  const node = await initialiseNode({ dir, values, password: await chooseNewPassword(options) });
  if (options.json) return printJson(node);
  print(`Made ${node.dir}`);
  print(
    pairs([
      ["configuration", node.config],
      ["signer", `${node.signer} (signs results, pays for gas)`],
      ["operator", `${node.operator} (owns the node: votes, stakes, joins, claims)`],
    ]),
  );
  const { config } = node;
  const steps = [
    ...(deployed
      ? []
      : [
          `Give both addresses to the founder who deploys; the address book belongs at ${resolve(options.addressBook)}`,
        ]),
    "Send both accounts some of the chain's currency for gas",
    ...(deployed ? [`concordat node apply --config ${config}  (not needed for founders)`] : []),
    `concordat node run --config ${config}  (keeps running)`,
    `concordat node announce --config ${config}`,
    `concordat task join TASK --config ${config}`,
  ];
  print(`\nNext:\n${steps.map((step, i) => `  ${i + 1}. ${step}`).join("\n")}`);
}

/**
 * How a configuration in `dir` names a file: relative where the file lies inside the folder or beside it, so that both can
 * be moved together, else absolute.
 */
export function pathInside(dir: string, file: string): string {
  const absolute = resolve(file);
  const fromDir = relative(resolve(dir), absolute);
  const isBeside = dirname(absolute) === dirname(resolve(dir));
  const isInside = fromDir !== "" && !fromDir.startsWith("..") && !isAbsolute(fromDir);
  return isBeside || isInside ? fromDir.split(sep).join("/") : absolute;
}

/** Reads HOST:PORT or [IPV6]:PORT. */
export function hostPort(option: string, text: string): HostPort {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || !(port <= 65_535)) {
    throw new InputError(`${option} ${text} is not a host and a port`, {
      hint: "Give for example 0.0.0.0:4001",
    });
  }
  return { host, port };
}
