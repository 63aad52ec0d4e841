import { expect } from "chai";
import { BlockSink } from "#store/blocks/blockSink";
import { RecentArtifacts } from "#store/recentArtifacts";
import type { Digest } from "#protocol/ids";

describe("artifacts in memory", () => {
  const [a, b, c] = ["0xa" as Digest, "0xb" as Digest, "0xc" as Digest];

  it("are the ones used last, never more bytes than allowed", () => {
    const recent = new RecentArtifacts(10);
    recent.add(a, new Uint8Array(4));
    recent.add(b, new Uint8Array(5));
    expect(recent.get(a)).to.have.length(4);
    recent.add(c, new Uint8Array(6));
    expect([a, b, c].map((digest) => recent.get(digest)?.length)).to.deep.equal([4, undefined, 6]);
    recent.add(b, new Uint8Array(11));
    expect([a, b, c].map((digest) => recent.get(digest))).to.deep.equal([undefined, undefined, undefined]);
  });

  it("are gone when forgotten, and leave their room to others", () => {
    const recent = new RecentArtifacts(10);
    recent.add(a, new Uint8Array(10));
    recent.forget(a);
    recent.forget(a);
    recent.add(b, new Uint8Array(10));
    expect(recent.get(a)).to.equal(undefined);
    expect(recent.get(b)).to.have.length(10);
  });
});

describe("the place where a block arrives", () => {
  it("takes what fits, and nothing beyond", () => {
    const room = new Uint8Array(4);
    const sink = new BlockSink(room.subarray(0, 3));
    sink.write(Uint8Array.of(1, 2));
    expect(() => sink.write(Uint8Array.of(3, 4))).to.throw("more than 3 bytes");
    expect([...sink.bytes]).to.deep.equal([1, 2]);
    expect([...room]).to.deep.equal([1, 2, 0, 0]);
  });

  it("stays as it is once closed, whatever a slow source still sends", () => {
    const room = new Uint8Array(4);
    const sink = new BlockSink(room);
    sink.write(Uint8Array.of(1));
    sink.close();
    expect(() => sink.write(Uint8Array.of(9))).to.throw("not wanted");
    expect([...room]).to.deep.equal([1, 0, 0, 0]);
  });
});
