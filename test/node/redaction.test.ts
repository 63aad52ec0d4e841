import { expect } from "chai";
import pino from "pino";
import { Redaction } from "#node/status/redaction";

const KEY = "4f1c-SECRET-9d2e";
const URLS = [
  `https://user:${KEY}@a.example:8443/rpc`,
  `https://b.example/v2/${KEY}?apikey=${KEY}2#x`,
  "wss://c.example/ws/p%40ss%2Fword",
];

describe("What a node prints", () => {
  const redaction = new Redaction(URLS);

  it("has scheme and host of an endpoint, and nothing else of its address", () => {
    for (const url of URLS) {
      const text = redaction.text(`server response 503 (requestUrl="${url}", responseStatus="503")`);
      expect(text).not.to.contain(KEY).and.not.to.contain("p%40ss");
      expect(text).to.contain(`${new URL(url).protocol}//${new URL(url).host}`);
      expect(text).to.contain('responseStatus="503"');
    }
    expect(redaction.text("http://127.0.0.1:33183: block x; see https://b.example/v2/k3y.")).to.equal(
      "http://127.0.0.1:33183: block x; see https://b.example.",
    );
    expect(redaction.text("http://127.0.0.1:8545/ and /rpc stay")).to.equal(
      "http://127.0.0.1:8545 and /rpc stay",
    );
  });

  it("hides a key that comes back in other words", () => {
    expect(redaction.text(`{"error":"the key ${KEY}2 has no credit"}`)).not.to.contain(KEY);
    expect(redaction.text("unknown project p@ss/word")).not.to.contain("p@ss/word");
  });

  it("is free of keys in every line of the log, also in what a library hangs on its errors", () => {
    const lines: string[] = [];
    const logger = redaction.logger(
      pino({ level: "trace" }, { write: (line: string) => void lines.push(line) }),
    );
    const error = Object.assign(new Error(`failed: ${URLS[1]}`), {
      info: { requestUrl: URLS[1] },
      cause: new Error(URLS[0]),
    });
    logger.error({ err: error }, "one");
    logger.warn({ error: String(error), problem: error.message, reason: URLS[0] }, "two");
    logger.child({ task: 1 }).error(error, "three");
    logger.error({ err: `no error: ${URLS[1]}` }, "four");
    expect(lines).to.have.length(4);
    for (const line of lines) expect(line).not.to.contain(KEY);
    expect(lines[0]).to.contain("https://b.example");
  });
});
