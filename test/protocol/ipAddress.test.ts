import { expect } from "chai";
import * as node from "node:net";
import { IpRanges, isIPv4, isIPv6 } from "#protocol/endpoints/ipAddress";

const ADDRESSES = [
  "0.0.0.0",
  "10.1.2.3",
  "127.0.0.1",
  "192.168.1.255",
  "192.0.2.7",
  "256.1.1.1",
  "1.2.3",
  "01.2.3.4",
  "::",
  "::1",
  "fe80::1",
  "FC00:1::",
  "2001:db8::7",
  "1:2:3:4:5:6:7:8",
  "1:2:3:4:5:6:7",
  "::ffff:10.0.0.1",
  ":::",
  "g::1",
  "node.example",
  "",
];

describe("addresses, read where there is no Node", () => {
  for (const address of ADDRESSES) {
    it(`says of "${address}" what Node says`, () => {
      expect([isIPv4(address), isIPv6(address)]).to.deep.equal([node.isIPv4(address), node.isIPv6(address)]);
      if (node.isIP(address) === 0) return;
      const family = node.isIPv4(address) ? "ipv4" : "ipv6";
      const [ours, theirs] = [new IpRanges(), new node.BlockList()].map((list) => {
        list.addSubnet("10.0.0.0", 8, "ipv4");
        list.addSubnet("0.0.0.0", 32, "ipv4");
        list.addSubnet("192.168.0.0", 16, "ipv4");
        list.addSubnet("fe80::", 10, "ipv6");
        list.addSubnet("::1", 128, "ipv6");
        list.addSubnet("fc00::", 7, "ipv6");
        return list;
      });
      // Node also finds an IPv4 address that is written as IPv6 in a range of IPv4.
      if (!address.startsWith("::ffff")) {
        expect(ours?.check(address, family)).to.equal(theirs?.check(address, family));
      }
    });
  }
});
