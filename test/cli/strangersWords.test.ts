import { once } from "node:events";
import { PassThrough } from "node:stream";
import { expect } from "chai";
import { Interface } from "ethers";
import { refusalOf } from "#chain/contracts/contractError";
import { EndpointError } from "#chain/endpoints/endpointError";
import { judge } from "#cli/errorBoundary";
import { readableLog } from "#cli/logLines";
import { InputError } from "#protocol/errors";

/** Clears the screen, writes a line of its own, turns letters round, and does not end. */
const HOSTILE = `\u001b[2J\u009b31m\r\nconcordat: all is well\u202e${"x".repeat(100_000)}`;
/** What a terminal obeys. */
// oxlint-disable-next-line no-control-regex -- control characters are what it is about
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

describe("The words of a stranger in what a command or a node says", () => {
  const refused = new Interface(["error Error(string message)"]).encodeErrorResult("Error", [HOSTILE]);
  const errors: [string, Error][] = [
    ["a contract that refuses", refusalOf([{}], refused)],
    ["an endpoint that refuses", new EndpointError("http://127.0.0.1", "unclear", HOSTILE, "eth_call")],
  ];
  for (const [who, error] of errors) {
    it(`stand in one short line where they are those of ${who}`, () => {
      const { text } = judge(error);
      expect(text).to.not.match(OBEYED);
      expect(text.split("\n")).to.have.length(1);
      expect(text.length).to.be.lessThan(500);
    });
  }

  it("are obeyed by no terminal, whatever error they came in", () => {
    expect(judge(new InputError(HOSTILE)).text).to.not.match(OBEYED);
  });

  it("are obeyed by no terminal that shows a node's log", async () => {
    const target = new PassThrough();
    const log = readableLog(target as unknown as NodeJS.WriteStream);
    const spaceless = HOSTILE.replaceAll(/\s/g, "");
    const line = {
      level: 30,
      time: 0,
      msg: spaceless,
      one: spaceless,
      two: HOSTILE,
      three: { deep: HOSTILE },
    };
    log.end(JSON.stringify(line));
    const [written] = (await once(target, "data")) as [Buffer];
    const text = written.toString();
    expect(text.trimEnd()).to.not.match(OBEYED);
    expect(text.length).to.be.lessThan(20_000);
  });
});
