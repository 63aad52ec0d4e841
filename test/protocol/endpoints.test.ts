import { expect } from "chai";
import * as fc from "fast-check";
import {
  checkAnnounced,
  checkEndpoints,
  formatEndpoints,
  gatewayAddress,
  listenAddress,
  localAddresses,
  ownEndpoints,
  parseEndpoints,
} from "#protocol/endpoints/endpoints";
import { reachableHosts } from "#protocol/endpoints/addressScope";
import { InputError } from "#protocol/errors";

const PEER = "/ip4/192.0.2.7/tcp/4001/p2p/12D3KooWRu54aQonFBN5JbWrMHcAZDkCF22WE13GA1Zk62VNMBAQ";

describe("an endpoint string", () => {
  it("names gateways and peers, and comes back from its addresses", () => {
    const addresses = [
      "/ip4/192.0.2.7/tcp/8080/http",
      PEER,
      "/dns4/node.example/tcp/443/https",
      "/ip6/::1/tcp/80/tls/http",
    ];
    const { gateways, peers, ignored } = parseEndpoints(formatEndpoints(addresses));
    expect(gateways.map((url) => url.origin)).to.deep.equal([
      "http://192.0.2.7:8080",
      "https://node.example",
      "https://[::1]:80",
    ]);
    expect(peers.map(String)).to.deep.equal([PEER]);
    expect(ignored).to.deep.equal([]);
  });

  it("loses what is malformed, and keeps the rest", () => {
    const bad = [
      "http://192.0.2.7:8080",
      "/ip4/192.0.2.7/tcp/8080",
      "/ip4/192.0.2.777/tcp/8080/http",
      "/ip4/192.0.2.7/tcp/0/http",
      "/ip4/192.0.2.7/tcp/65536/http",
      "/ip4/192.0.2.7/tcp/80/http/http-path/admin",
      "/dns4/user@host/tcp/80/http",
    ];
    const { gateways, peers, ignored } = parseEndpoints([...bad, PEER].join(" "));
    expect(gateways).to.deep.equal([]);
    expect(peers.map(String)).to.deep.equal([PEER]);
    expect(ignored).to.deep.equal(bad);
    expect(parseEndpoints(`${PEER}/p2p-circuit`).peers).to.deep.equal([]);
  });

  it("never throws and never names a path, whatever stands in it", () => {
    const piece = fc.constantFrom(
      "/",
      ":",
      "@",
      " ",
      "ip4",
      "dns",
      "tcp",
      "http",
      "p2p",
      "192.0.2.7",
      "host",
      "80",
      "?a",
      "#",
      "..",
      PEER,
    );
    const address = fc.constantFrom("/dns/host/tcp/80/http", "/ip6/::1/tcp/1/https", PEER);
    const text = fc.array(fc.oneof(fc.string({ maxLength: 5 }), piece, address), { maxLength: 20 });
    fc.assert(
      fc.property(text, (parts) => {
        for (const separator of ["", " "]) {
          const { gateways } = parseEndpoints(parts.join(separator));
          for (const url of gateways) expect(url.href).to.equal(`${url.origin}/`);
        }
      }),
    );
  });

  it("is bounded in length and number when read and when written", () => {
    const address = "/ip4/192.0.2.7/tcp/80/http";
    expect(parseEndpoints(Array(9).fill(address).join(" ")).gateways).to.have.length(8);
    expect(parseEndpoints(`${address} ${"x".repeat(512)}`).gateways).to.have.length(0);
    expect(() => formatEndpoints(Array<string>(9).fill(address))).to.throw(InputError, "too long");
    expect(() => formatEndpoints(Array<string>(7).fill(PEER))).to.throw(InputError, "too long");
    expect(() => formatEndpoints(["127.0.0.1:80"])).to.throw(InputError, "127.0.0.1:80");
  });

  it("is made from hosts and ports of every kind", () => {
    expect(gatewayAddress({ host: "127.0.0.1", port: 80 })).to.equal("/ip4/127.0.0.1/tcp/80/http");
    expect(gatewayAddress({ host: "::1", port: 80 })).to.equal("/ip6/::1/tcp/80/http");
    expect(listenAddress({ host: "localhost", port: 0 })).to.equal("/dns/localhost/tcp/0");
  });
});

const GATEWAY = "/dns4/node.example/tcp/443/https";

describe("what a node publishes of itself", () => {
  it("is taken where others understand it and find a gateway in it", () => {
    for (const text of [
      GATEWAY,
      `${PEER} ${GATEWAY}`,
      "/ip4/127.0.0.1/tcp/4001/http",
      "/ip6/2001:db8::7/tcp/80/http",
    ])
      expect(() => checkEndpoints(text)).not.to.throw();
  });

  const refused: [why: string, text: string, says: RegExp][] = [
    ["a URL", "https://a.example:8080", /Write it as \/dns4\/a\.example\/tcp\/8080\/https/],
    ["a URL without a port", "http://a.example", /Write it as \/dns4\/a\.example\/tcp\/80\/http/],
    ["a host with a port", "localhost:8080", /Write it as \/dns4\/localhost\/tcp\/8080\/http/],
    ["an address of IPv6 with a port", "[2001:db8::7]:80", /Write it as \/ip6\/2001:db8::7\/tcp\/80\/http/],
    ["a bare name", "node.example", /not an address that nodes understand/],
    ["nothing", "  ", /name no address/],
    ["a peer alone", PEER, /no HTTP gateway/],
    ["every address of IPv4", "/ip4/0.0.0.0/tcp/8080/http", /names no particular machine/],
    ["every address of IPv6", "/ip6/::/tcp/8080/http", /names no particular machine/],
    ["the same, spelled out", "/ip6/0:0:0:0:0:0:0:0/tcp/8080/http", /names no particular machine/],
    ["the same, embedded", "/ip6/::ffff:0.0.0.0/tcp/8080/http", /names no particular machine/],
    ["a name that is read as that address", "/dns4/0/tcp/8080/http", /names no particular machine/],
    [
      "an unspecified peer beside a good gateway",
      `${GATEWAY} ${PEER.replace("192.0.2.7", "0.0.0.0")}`,
      /names no particular machine/,
    ],
    ["a group of machines", "/ip4/224.0.0.1/tcp/80/http", /names no particular machine/],
    ["a port that is none", "/ip4/192.0.2.7/tcp/0/http", /not an address that nodes understand/],
    ["a good address beside one that is none", `${GATEWAY} /dns4/x/tcp/80/ws`, /not an address/],
    ["more than nodes read", Array(9).fill(GATEWAY).join(" "), /too long/],
  ];
  for (const [why, text, says] of refused) {
    it(`is refused for ${why}`, () => {
      const attempt = () => checkEndpoints(text);
      expect(attempt).to.throw(InputError);
      try {
        attempt();
      } catch (error) {
        expect((error as InputError).oneLine).to.match(says);
      }
    });
  }

  it("must be said where the store listens on every address of its machine", () => {
    for (const host of ["0.0.0.0", "::", "0", "", "::ffff:0.0.0.0", "0:0::0"]) {
      const listens = [{ name: "gateway", at: { host, port: 8080 } }];
      expect(() => checkAnnounced(listens, undefined), host).to.throw(
        InputError,
        /every address of this machine/,
      );
      expect(() => checkAnnounced(listens, []), host).to.throw(InputError);
      expect(() => checkAnnounced(listens, [GATEWAY]), host).not.to.throw();
      expect(() => checkAnnounced(listens, ["/ip4/0.0.0.0/tcp/1/http"]), host).to.throw(InputError);
    }
    expect(() =>
      checkAnnounced([{ name: "gateway", at: { host: "192.0.2.7", port: 0 } }], undefined),
    ).not.to.throw();
  });

  it("tells which addresses lead to it from its own machine or network only", () => {
    const text = [
      "/ip4/127.0.0.1/tcp/1/http",
      "/ip4/10.1.2.3/tcp/1/http",
      "/ip6/fe80::1/tcp/1/http",
      "/dns4/localhost/tcp/1/http",
      "/dns4/hospital-a/tcp/1/http",
      "/ip4/192.0.2.7/tcp/1/http",
      GATEWAY,
    ].join(" ");
    expect(localAddresses(text).map(({ scope }) => scope)).to.deep.equal([
      "machine",
      "network",
      "network",
      "machine",
      "network",
    ]);
  });

  it("is ignored by whoever would ask itself", () => {
    const bad = ["/ip4/0.0.0.0/tcp/8080/http", "/ip6/::/tcp/80/https", PEER.replace("192.0.2.7", "0.0.0.0")];
    expect(parseEndpoints(bad.join(" "))).to.deep.equal({ gateways: [], peers: [], ignored: bad });
  });

  it("names the interfaces of a machine that listens on all of them, the most widely reachable first", () => {
    const of = (...addresses: string[]) => ({ any: addresses.map((address) => ({ address })) }) as never;
    const all = of("127.0.0.1", "::1", "10.0.0.7", "fe80::1", "169.254.1.1", "192.0.2.7", "2001:db8::7");
    expect(reachableHosts("0.0.0.0", all)).to.deep.equal(["192.0.2.7", "10.0.0.7"]);
    expect(reachableHosts("::", all)).to.deep.equal(["192.0.2.7", "2001:db8::7", "10.0.0.7"]);
    expect(reachableHosts("0.0.0.0", of("127.0.0.1", "::1"))).to.deep.equal(["127.0.0.1"]);
    expect(reachableHosts("192.0.2.9", all)).to.deep.equal(["192.0.2.9"]);
    const id = PEER.split("/").at(-1);
    const many = Array.from({ length: 9 }, (_, i) => `/ip4/10.0.0.${i + 1}/tcp/4001/p2p/${id}`);
    const loopback = `/ip4/127.0.0.1/tcp/4001/p2p/${id}`;
    const text = ownEndpoints({ host: "192.0.2.7", port: 80 }, [loopback, ...many, PEER], {});
    expect(text.split(" ")).to.deep.equal(["/ip4/192.0.2.7/tcp/80/http", PEER, ...many.slice(0, 2)]);
    expect(ownEndpoints({ host: "127.0.0.1", port: 80 }, [loopback], {})).to.equal(
      `/ip4/127.0.0.1/tcp/80/http ${loopback}`,
    );
  });
});
