import { multiaddr } from "@multiformats/multiaddr";
import type { Multiaddr } from "@multiformats/multiaddr";
import { InputError } from "../errors.ts";
import {
  addressScope,
  isUnspecified,
  reachableHosts,
  type AddressScope,
  type NetworkInterfaces,
} from "./addressScope.ts";
import { isIPv4, isIPv6 } from "./ipAddress.ts";

/** Bytes of an endpoint string at most. */
export const MAX_ENDPOINT_BYTES = 512;
/** Addresses of one node that are tried at most. */
const MAX_ADDRESSES = 8;

const HINT = "Give for example /ip4/192.0.2.7/tcp/4001/p2p/PEER or /dns4/node.example/tcp/443/https";

/** A host and a TCP port; port 0 lets the system choose. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where one node's artifacts can be fetched. */
export interface Endpoints {
  /** Trustless HTTP gateways: scheme, host and port, never a path. */
  readonly gateways: readonly URL[];
  /** libp2p addresses, with peer id. */
  readonly peers: readonly Multiaddr[];
  /** What was not understood, to be logged. */
  readonly ignored: readonly string[];
}

const ADDRESS =
  /^\/(ip4|ip6|dns|dns4|dns6)\/([0-9A-Za-z.:-]{1,253})\/tcp\/([1-9]\d{0,4})(\/http|\/https|\/tls\/http|\/p2p\/[1-9A-HJ-NP-Za-z]{40,60})$/;

/**
 * Reads the endpoint string of a node, which is nobody's promise: multiaddrs joined by single spaces, for example
 * `/ip4/192.0.2.7/tcp/4001/p2p/12D3Koo... /dns4/node.example/tcp/443/https`. Never throws: what is malformed, beyond
 * 512 bytes or beyond eight addresses is ignored, and so is an address that names nobody, such as 0.0.0.0: whoever dials
 * it asks itself. Nothing but host, port and peer id is ever taken from it.
 */
export function parseEndpoints(text: string): Endpoints {
  if (byteLength(text) > MAX_ENDPOINT_BYTES) return { gateways: [], peers: [], ignored: [text.slice(0, 80)] };
  const gateways: URL[] = [];
  const peers: Multiaddr[] = [];
  const ignored: string[] = [];
  for (const [i, address] of text.split(" ").filter(Boolean).entries()) {
    const parsed = i < MAX_ADDRESSES && leadsSomewhere(address) ? parseAddress(address) : undefined;
    if (parsed === undefined) ignored.push(address);
    else if (parsed instanceof URL) gateways.push(parsed);
    else peers.push(parsed);
  }
  return { gateways, peers, ignored };
}

/**
 * Checks an endpoint string before anybody pays for publishing it.
 * @throws {InputError} naming the first address that others would ignore or that leads nobody to this node, or saying that
 *   no HTTP gateway is among them: committee members ask each other over it, and it is where artifacts are fetched first.
 */
export function checkEndpoints(text: string): void {
  const addresses = text.split(/\s+/).filter(Boolean);
  if (addresses.length === 0) {
    throw new InputError("The endpoints name no address", { hint: HINT });
  }
  for (const address of addresses) checkAddress(address);
  if (parseEndpoints(formatEndpoints(addresses)).gateways.length > 0) return;
  throw new InputError(`"${text.trim()}" names no HTTP gateway, over which nodes fetch from each other`, {
    hint: "Add the gateway's address, for example /dns4/node.example/tcp/443/https",
  });
}

/**
 * Addresses of an endpoint string that lead to the node only from its own machine, or only from its own network.
 * Nobody else reaches it there, which is right for a federation on one machine and wrong for every other one.
 */
export function localAddresses(text: string): { readonly address: string; readonly scope: AddressScope }[] {
  return text
    .split(" ")
    .filter(Boolean)
    .map((address) => ({ address, scope: addressScope(ADDRESS.exec(address)?.[2] ?? "") }))
    .filter(({ scope }) => scope === "machine" || scope === "network");
}

/**
 * Refuses to publish what a server's own listening address cannot say: whoever listens on every address of a machine must
 * say which of them others are to use.
 * @param listens Where the store listens, by the name that its operator knows it by.
 * @throws {InputError} when one of them is unspecified and no address is announced, or what is announced is of no use.
 */
export function checkAnnounced(
  listens: readonly { readonly name: string; readonly at: HostPort | undefined }[],
  announce: readonly string[] | undefined,
): void {
  if (announce !== undefined && announce.length > 0) return checkEndpoints(announce.join(" "));
  const open = listens.find(({ at }) => at !== undefined && isUnspecified(at.host));
  if (open?.at === undefined) return;
  throw new InputError(
    `The ${open.name} listens on ${open.at.host}, every address of this machine, but nothing says which of them others should use`,
    {
      hint: "Give it with --announce, or as announce in node.yaml: for example /dns4/node.example/tcp/8080/http",
    },
  );
}

function checkAddress(address: string): void {
  if (!isEndpoint(address)) {
    const meant = asMultiaddr(address);
    throw new InputError(`"${address}" is not an address that nodes understand`, {
      hint: meant === undefined ? HINT : `Write it as ${meant}`,
    });
  }
  const host = ADDRESS.exec(address)?.[2] ?? "";
  if (addressScope(host) !== "nowhere") return;
  throw new InputError(`"${address}" names no particular machine: a node that dials ${host} reaches itself`, {
    hint: "Give the address at which others reach this node",
  });
}

/** What was meant by a URL, or by a host with a port. */
function asMultiaddr(text: string): string | undefined {
  try {
    const isUrl = /^https?:\/\//i.test(text);
    const url = new URL(isUrl ? text : `http://${text}`);
    // URL leaves out a port that its scheme has by default.
    const given = /:(\d+)\/?$/.exec(text)?.[1];
    const port = given ?? (url.protocol === "https:" ? "443" : isUrl ? "80" : "0");
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const meant = `${hostComponent(host).replace("/dns/", "/dns4/")}/tcp/${port}/${url.protocol.slice(0, -1)}`;
    return isEndpoint(meant) && addressScope(host) !== "nowhere" ? meant : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an address can be part of an endpoint string. */
export function isEndpoint(address: string): boolean {
  return parseAddress(address) !== undefined;
}

/** Joins a node's addresses to its endpoint string. @throws {InputError} on a malformed address, or if it gets too long. */
export function formatEndpoints(addresses: readonly string[]): string {
  for (const address of addresses) {
    if (!isEndpoint(address)) {
      throw new InputError(`"${address}" is not an address of a store`, {
        hint: HINT,
      });
    }
  }
  const text = addresses.join(" ");
  if (byteLength(text) > MAX_ENDPOINT_BYTES || addresses.length > MAX_ADDRESSES) {
    throw new InputError(
      `The store has ${addresses.length} addresses in ${text.length} characters, which is too long`,
      {
        hint: `Announce at most ${MAX_ADDRESSES} in ${MAX_ENDPOINT_BYTES} characters`,
      },
    );
  }
  return text;
}

/** Addresses of each kind that a store publishes of itself at most: machines may have dozens. */
const MAX_OWN = 3;

/**
 * What a store publishes of itself: its gateway and its peer addresses, never one that names no machine.
 * @param interfaces Of the machine that it runs on.
 */
export function ownEndpoints(
  gateway: HostPort,
  peers: readonly string[],
  interfaces: NetworkInterfaces,
): string {
  const gateways = reachableHosts(gateway.host, interfaces).map((host) =>
    gatewayAddress({ host, port: gateway.port }),
  );
  const isLocal = (address: string): number => localAddresses(address).length;
  const usable = peers.filter((address) => isEndpoint(address) && parseEndpoints(address).peers.length > 0);
  // A machine names its loopback first, and only a few are published: those that most others reach come first.
  const sorted = usable.toSorted((a, b) => isLocal(a) - isLocal(b));
  const far = sorted.filter((address) => localAddresses(address)[0]?.scope !== "machine");
  const isFar = !gateways.every((address) => localAddresses(address)[0]?.scope === "machine");
  return formatEndpoints([
    ...gateways.slice(0, MAX_OWN),
    ...(isFar && far.length > 0 ? far : sorted).slice(0, MAX_OWN),
  ]);
}

/** The multiaddr of an HTTP gateway that listens at a host and port. */
export function gatewayAddress({ host, port }: HostPort): string {
  return `${hostComponent(host)}/tcp/${port}/http`;
}

/** The multiaddr on which libp2p listens for a host and port. */
export function listenAddress({ host, port }: HostPort): string {
  return `${hostComponent(host)}/tcp/${port}`;
}

/** Not by Buffer: the dApp checks endpoints by this code too. */
function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function hostComponent(host: string): string {
  if (isIPv4(host)) return `/ip4/${host}`;
  return isIPv6(host) ? `/ip6/${host}` : `/dns/${host}`;
}

function parseAddress(text: string): URL | Multiaddr | undefined {
  const [, kind, host = "", port = "", last = ""] = ADDRESS.exec(text) ?? [];
  if (kind === undefined || Number(port) > 65_535 || !isHost(kind, host)) return undefined;
  try {
    if (last.startsWith("/p2p/")) return multiaddr(text);
    const scheme = last === "/http" ? "http" : "https";
    return new URL(`${scheme}://${kind === "ip6" ? `[${host}]` : host}:${port}`);
  } catch {
    return undefined;
  }
}

function leadsSomewhere(address: string): boolean {
  return addressScope(ADDRESS.exec(address)?.[2] ?? "") !== "nowhere";
}

function isHost(kind: string, host: string): boolean {
  if (kind === "ip4") return isIPv4(host);
  if (kind === "ip6") return isIPv6(host);
  return /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(host);
}
