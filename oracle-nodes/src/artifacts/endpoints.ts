import { isIPv4, isIPv6 } from "node:net";
import { multiaddr } from "@multiformats/multiaddr";
import type { Multiaddr } from "@multiformats/multiaddr";
import { InputError } from "../../../protocol/errors.ts";

/** Bytes of an endpoint string at most. */
export const MAX_ENDPOINT_BYTES = 512;
/** Addresses of one node that are tried at most. */
const MAX_ADDRESSES = 8;

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
 * 512 bytes or beyond eight addresses is ignored. Nothing but host, port and peer id is ever taken from it.
 */
export function parseEndpoints(text: string): Endpoints {
  if (Buffer.byteLength(text) > MAX_ENDPOINT_BYTES)
    return { gateways: [], peers: [], ignored: [text.slice(0, 80)] };
  const gateways: URL[] = [];
  const peers: Multiaddr[] = [];
  const ignored: string[] = [];
  for (const [i, address] of text.split(" ").filter(Boolean).entries()) {
    const parsed = i < MAX_ADDRESSES ? parseAddress(address) : undefined;
    if (parsed === undefined) ignored.push(address);
    else if (parsed instanceof URL) gateways.push(parsed);
    else peers.push(parsed);
  }
  return { gateways, peers, ignored };
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
        hint: "Give for example /ip4/192.0.2.7/tcp/4001/p2p/PEER or /dns4/node.example/tcp/443/https",
      });
    }
  }
  const text = addresses.join(" ");
  if (Buffer.byteLength(text) > MAX_ENDPOINT_BYTES || addresses.length > MAX_ADDRESSES) {
    throw new InputError(
      `The store has ${addresses.length} addresses in ${text.length} characters, which is too long`,
      {
        hint: `Announce at most ${MAX_ADDRESSES} in ${MAX_ENDPOINT_BYTES} characters`,
      },
    );
  }
  return text;
}

/** The multiaddr of an HTTP gateway that listens at a host and port. */
export function gatewayAddress({ host, port }: HostPort): string {
  return `${hostComponent(host)}/tcp/${port}/http`;
}

/** The multiaddr on which libp2p listens for a host and port. */
export function listenAddress({ host, port }: HostPort): string {
  return `${hostComponent(host)}/tcp/${port}`;
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

function isHost(kind: string, host: string): boolean {
  if (kind === "ip4") return isIPv4(host);
  if (kind === "ip6") return isIPv6(host);
  return /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(host);
}
