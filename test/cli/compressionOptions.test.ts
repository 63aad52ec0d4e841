import { expect } from "chai";
import { Command } from "commander";
import {
  compressionOptions,
  compressionTerms,
  type CompressionOptions,
} from "#cli/publish/compressionOptions";

/** The terms that these options give, or the complaint. */
function terms(...options: string[]): unknown {
  const command = compressionOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  try {
    return compressionTerms(command.parse(options, { from: "user" }).opts<CompressionOptions>());
  } catch (error) {
    return String(error);
  }
}

describe("the options of compression", () => {
  it("give the terms, with 1 % kept where nothing is said", () => {
    expect(terms()).to.deep.equal({ kind: "none" });
    expect(terms("--compression", "quantised")).to.deep.equal({ kind: "quantised", bits: 8 });
    expect(terms("--compression", "top-k")).to.deep.equal({ kind: "top-k", keepBps: 100 });
    const both = { kind: "top-k-quantised", bits: 8 };
    for (const [text, keepBps] of [
      ["5%", 500],
      ["0.25%", 25],
      ["0.05", 500],
      ["100%", 10_000],
    ] as const)
      expect(terms("--compression", "top-k-quantised", "--keep", text)).to.deep.equal({ ...both, keepBps });
  });

  it("are refused where they keep nothing, too much, or contradict each other", () => {
    for (const text of ["0%", "101%", "0", "1.5", "a lot"])
      expect(terms("--compression", "top-k", "--keep", text)).to.match(/Give a (share|ratio)/);
    expect(terms("--compression", "quantised", "--keep", "1%")).to.contain("--keep has no effect");
    expect(terms("--compression", "zip")).to.contain("Allowed choices are none, top-k");
  });
});
