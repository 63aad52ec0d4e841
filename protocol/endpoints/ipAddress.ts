/** Whether a text is an IPv4 address in its usual spelling, as node:net says, in a browser too. */
export function isIPv4(text: string): boolean {
  return (
    /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(text) && !/(^|\.)0\d/.test(text)
  );
}

/** Whether a text is an IPv6 address, as node:net says, but for zones. */
export function isIPv6(text: string): boolean {
  if (!text.includes(":") || /[^0-9A-Fa-f:.]/.test(text)) return false;
  return URL.canParse(`http://[${text}]/`);
}

type Family = "ipv4" | "ipv6";

/** Ranges of addresses, as node:net's `BlockList`. */
export class IpRanges {
  readonly #ranges: { readonly family: Family; readonly first: bigint; readonly bits: bigint }[] = [];

  addSubnet(net: string, prefix: number, family: Family): void {
    const bits = BigInt((family === "ipv4" ? 32 : 128) - prefix);
    this.#ranges.push({ family, first: numberOf(net, family) >> bits, bits });
  }

  check(address: string, family: Family): boolean {
    const value = numberOf(address, family);
    return this.#ranges.some((range) => range.family === family && value >> range.bits === range.first);
  }
}

function numberOf(address: string, family: Family): bigint {
  if (family === "ipv4") return address.split(".").reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  // The host of a URL is the shortest spelling of an address, without dots.
  const short = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = "", tail] = short.split("::");
  const words = (text: string): string[] => text.split(":").filter(Boolean);
  const [before, after] = [words(head), words(tail ?? "")];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].reduce((sum, word) => sum * 65_536n + BigInt(`0x${word}`), 0n);
}
