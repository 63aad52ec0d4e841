import { IpRanges, isIPv4, isIPv6 } from "./ipAddress.ts";

/** From where an address can be reached. `nowhere`: it names nobody, as 0.0.0.0 does, or everybody at once. */
export type AddressScope = "nowhere" | "machine" | "network" | "world";

const NOWHERE = blocks(["0.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32"], ["::/128", "ff00::/8"]);
const MACHINE = blocks(["127.0.0.0/8"], ["::1/128"]);
const NETWORK = blocks(
  ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
  ["fc00::/7", "fe80::/10"],
);
/** Names that the standards keep for one machine, or for one network. */
const LOCAL_NAME = /(^|\.)localhost$/;
const NETWORK_NAME = /\.(local|internal|lan|home\.arpa|intranet)$/;

/**
 * From where a host can be reached: an address by its range, a name by what the standards say of it. Spellings that a
 * resolver takes for an address count as that address: "0", "0x7f.1", "::ffff:0.0.0.0".
 */
export function addressScope(host: string): AddressScope {
  const plain = canonicalHost(host);
  if (isIPv4(plain) || isIPv6(plain)) {
    const family = isIPv4(plain) ? "ipv4" : "ipv6";
    if (NOWHERE.check(plain, family)) return "nowhere";
    if (MACHINE.check(plain, family)) return "machine";
    return NETWORK.check(plain, family) ? "network" : "world";
  }
  if (plain === "") return "nowhere";
  if (LOCAL_NAME.test(plain)) return "machine";
  // A name without a dot is known inside of a network at most.
  return NETWORK_NAME.test(plain) || !plain.includes(".") ? "network" : "world";
}

/** Whether a server that listens on this host listens on every address of its machine. */
export function isUnspecified(host: string): boolean {
  const plain = canonicalHost(host);
  return plain === "" || plain === "0.0.0.0" || plain === "::";
}

/** The host as a resolver reads it, an address embedded in IPv6 as the address that it is. */
function canonicalHost(host: string): string {
  const bare = host
    .trim()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
  if (bare === "") return "";
  let name: string;
  try {
    name = new URL(`http://${isIPv6(bare) ? `[${bare}]` : bare}`).hostname.replace(/^\[|\]$/g, "");
  } catch {
    return bare;
  }
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(name) ?? [];
  if (high === undefined || low === undefined) return name;
  const words = [parseInt(high, 16), parseInt(low, 16)];
  return words.flatMap((word) => [word >> 8, word & 255]).join(".");
}

function blocks(ipv4: readonly string[], ipv6: readonly string[]): IpRanges {
  const list = new IpRanges();
  for (const [subnets, family] of [
    [ipv4, "ipv4"],
    [ipv6, "ipv6"],
  ] as const) {
    for (const subnet of subnets) {
      const [net = "", prefix] = subnet.split("/");
      list.addSubnet(net, Number(prefix), family);
    }
  }
  return list;
}

/** Addresses by the name of the interface that has them. */
export type NetworkInterfaces = Readonly<Record<string, readonly { readonly address: string }[] | undefined>>;

/**
 * The addresses of this machine at which a server that listens on a host can be reached: the host itself, or, where it
 * listens on every address, those of the network interfaces, the most widely reachable first. Loopback only where there is
 * nothing else.
 * @param interfaces As the system tells them: `networkInterfaces()` of node:os.
 */
export function reachableHosts(host: string, interfaces: NetworkInterfaces): string[] {
  if (!isUnspecified(host)) return [host];
  const isV4Only = isIPv4(canonicalHost(host));
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  const usable = all
    .map(({ address }) => address)
    // A link-local address means nothing without the interface that it belongs to.
    .filter((address) => !/^(169\.254\.|fe[89ab][0-9a-f]:)/i.test(address) && (!isV4Only || isIPv4(address)));
  const order: readonly AddressScope[] = ["world", "network", "machine", "nowhere"];
  const rank = (address: string): number => order.indexOf(addressScope(address));
  const sorted = [...new Set(usable)].toSorted((a, b) => rank(a) - rank(b));
  const others = sorted.filter((address) => addressScope(address) !== "machine");
  return others.length > 0 ? others : sorted.slice(0, 1);
}
