import { expect } from "chai";
import * as fc from "fast-check";
import {
  formatEndpoints,
  gatewayAddress,
  listenAddress,
  parseEndpoints,
} from "../../oracle-nodes/src/artifacts/endpoints.ts";
import { InputError } from "../../protocol/errors.ts";

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
