import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { expect } from "chai";
import type { IndexServer, IndexServerOptions } from "#audit/index/http/indexServer";
import { serveIndex } from "#audit/index/http/indexServer";
import { IndexReader } from "#audit/index/indexReader";
import type { EventRecord, LogPage } from "#audit/index/indexReader";
import { EXAMPLE_QUESTIONS } from "#audit/index/questions";
import type { RelationDescription } from "#audit/index/schema";
import { beginScenario, playEventfulTask } from "../audit/scenario.ts";
import type { Scenario } from "../audit/scenario.ts";
import { ask as askFile, chainOf, contents, suiteFolder, writeIndex } from "./scenarioIndex.ts";

const RUNAWAY = "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t";

interface LogAnswer extends LogPage {
  readonly contracts: Readonly<Record<string, string>>;
}

describe("the server of an index", () => {
  const folder = suiteFolder();
  let scenario: Scenario;
  let path: string;
  let server: IndexServer;

  const serve = async (changes: Partial<IndexServerOptions> = {}): Promise<IndexServer> =>
    serveIndex({
      file: path,
      chain: chainOf(scenario),
      host: "127.0.0.1",
      port: 0,
      limits: { seconds: 1, rows: 100, bytes: 50_000 },
      following: () => ({ head: 1000, isAnswering: true }),
      ...changes,
    });

  before(async () => {
    scenario = await beginScenario();
    await playEventfulTask(scenario);
    path = folder.file("index.sqlite");
    await writeIndex(scenario, path);
    server = await serve();
  });
  after(() => server.close());

  const post = async (sql: string, more: Record<string, unknown> = {}): Promise<Response> =>
    fetch(`${server.url}/sql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ sql, ...more }),
    });
  const rows = async (sql: string, parameters?: unknown): Promise<unknown> =>
    ((await (await post(sql, { parameters })).json()) as { rows: unknown }).rows;
  const complaint = async (response: Response): Promise<[number, string]> => [
    response.status,
    ((await response.json()) as { error: string }).error,
  ];

  describe("answers", () => {
    it("questions in JSON, with parameters by place and by name, by GET and as text", async () => {
      const sql = "SELECT name, count(*) AS n FROM events WHERE contract = ? GROUP BY name ORDER BY 1";
      const expected = askFile(path, sql.replace("?", "'NodeRegistry'")).map(Object.values);
      expect(await rows(sql.replace("?", ":contract"), { contract: "NodeRegistry" })).to.deep.equal(expected);
      expect(await rows(sql, ["NodeRegistry"])).to.deep.equal(expected);
      const query = new URLSearchParams({ q: sql, parameters: '["NodeRegistry"]' });
      const got = (await (await fetch(`${server.url}/sql?${query}`)).json()) as object;
      expect(got).to.deep.equal({ columns: ["name", "n"], rows: expected, truncated: false });
      const text = await fetch(`${server.url}/sql`, { method: "POST", body: "SELECT 1 AS n -- one\n;" });
      expect(await text.json()).to.deep.equal({ columns: ["n"], rows: [[1]], truncated: false });
    });

    it("questions as CSV for spreadsheets, without letting a value become a formula", async () => {
      const response = await post(
        `SELECT name, 'a "b", c' AS quoted, '=1+1' AS formula FROM events ORDER BY blockNumber, logIndex LIMIT 2`,
        { format: "csv" },
      );
      expect(response.headers.get("content-type")).to.equal("text/csv; charset=utf-8");
      expect(parse(await response.text())).to.deep.equal([
        ["name", "quoted", "formula"],
        ...[0, 1].map(() => ["NodeAdmitted", 'a "b", c', "'=1+1"]),
      ]);
    });

    it("exactly where numbers are beyond what JSON readers keep", async () => {
      expect(await rows("SELECT 9007199254740993, 1, 1.5, NULL, x'0aff'")).to.deep.equal([
        ["9007199254740993", 1, 1.5, null, "0x0aff"],
      ]);
    });

    it("every example of its page, which needs no inline script, under a strict policy", async () => {
      const page = await fetch(server.url);
      const html = await page.text();
      expect(page.headers.get("content-security-policy")).to.match(/^default-src 'none'; script-src 'self'/);
      expect(html).to.not.match(/<script(?![^>]*src=)|\son\w+=|style=/);
      for (const [, file] of html.matchAll(/(?:src|href)="([\w.]+)"/g))
        expect((await fetch(`${server.url}/${file}`)).status, file).to.equal(200);
      const { questions } = (await (await fetch(`${server.url}/schema`)).json()) as {
        questions: typeof EXAMPLE_QUESTIONS;
      };
      expect(questions).to.deep.equal(EXAMPLE_QUESTIONS);
      for (const { sql, title } of questions) expect((await post(sql)).status, title).to.equal(200);
    });

    it("what there is: every table and view with all its columns", async () => {
      const { relations } = (await (await fetch(`${server.url}/schema`)).json()) as {
        relations: RelationDescription[];
      };
      const names = askFile(
        path,
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY 1",
      );
      expect(relations.map(({ name }) => name).sort()).to.deep.equal(names.map(({ name }) => name));
      for (const { name, columns } of relations) {
        const list = columns.map((column) => `"${column.name}"`).join(", ");
        expect((await post(`SELECT ${list} FROM ${name} LIMIT 1`)).status, name).to.equal(200);
      }
    });

    it("how far the index reaches, and of what", async () => {
      const status = (await (await fetch(`${server.url}/status`)).json()) as Record<string, unknown>;
      const [tip] = askFile(path, "SELECT number, hash FROM checkpoints ORDER BY number DESC LIMIT 1");
      expect(status).to.deep.include({
        chainId: 31_337,
        contracts: scenario.deployment.contracts,
        transactions: "with events",
        block: tip?.["number"],
        hash: tip?.["hash"],
        head: 1000,
        behind: 1000 - Number(tip?.["number"]),
        endpointAnswers: true,
      });
    });

    it("events a page at a time, filtered, as logs that a dApp decodes", async () => {
      const { RoundCoordinator, StakeVault } = scenario.deployment.contracts;
      const found: EventRecord[] = [];
      let after = "";
      do {
        const query = `address=${RoundCoordinator.toLowerCase()},${StakeVault}&task=1&fromBlock=20&limit=7${after}`;
        const page = (await (await fetch(`${server.url}/events?${query}`)).json()) as {
          events: EventRecord[];
          next: string | null;
        };
        found.push(...page.events);
        after = page.next === null ? "" : `&after=${page.next}`;
      } while (after !== "");
      const head = await scenario.source.latestBlock();
      const logs = await scenario.source.logs([RoundCoordinator, StakeVault], 20, head);
      const raw = (log: {
        blockNumber: number;
        logIndex: number;
        topics: readonly string[];
        data: string;
      }) => [log.blockNumber, log.logIndex, log.data, ...log.topics];
      expect(found.map(raw)).to.deep.equal(logs.map(raw));
      const { provider } = scenario.federation.connection.ethers;
      const [first] = found;
      expect(first?.blockHash).to.equal((await provider.getBlock(first?.blockNumber ?? 0))?.hash);
      const named = await fetch(`${server.url}/events?name=TaskPublished`);
      const { events } = (await named.json()) as { events: EventRecord[] };
      expect(events.map(({ args }) => (args as { taskId: string }).taskId)).to.deep.equal(["1"]);
    });

    it("logs of whole blocks as the chain gives them, up to a block that can be checked", async () => {
      const head = await scenario.source.latestBlock();
      const logs = async (query: string): Promise<LogAnswer> =>
        (await (await fetch(`${server.url}/logs?${query}`)).json()) as LogAnswer;
      const all = await logs("");
      const { provider } = scenario.federation.connection.ethers;
      expect(all).to.deep.include({
        format: "concordat/index-logs/1",
        ...chainOf(scenario),
        from: 0,
        to: head,
        toHash: (await provider.getBlock(head))?.hash,
      });
      const told = await Promise.all(
        (await provider.getLogs({ fromBlock: 0, toBlock: head, address: Object.values(all.contracts) })).map(
          ({ address, topics, data, blockNumber, blockHash, transactionHash, index }) => ({
            address,
            topics: [...topics],
            data,
            blockNumber,
            blockHash,
            transactionHash,
            logIndex: index,
          }),
        ),
      );
      expect(all.logs).to.deep.equal(told);
      const last = told.findLast(({ blockNumber }) => blockNumber <= 40);
      const part = await logs("fromBlock=20&toBlock=40");
      expect([part.to, part.toHash]).to.deep.equal([last?.blockNumber, last?.blockHash]);
      expect(part.logs).to.deep.equal(told.filter((log) => log.blockNumber >= 20 && log.blockNumber <= 40));
      const beyond = await logs(`fromBlock=${head + 1}`);
      expect([beyond.to, beyond.toHash, beyond.logs]).to.deep.equal([head, null, []]);
    });

    it("logs a part at a time, where one answer does not hold them", () => {
      const reader = new IndexReader(path);
      try {
        const whole = reader.logs(0, 1e9, 1e9);
        const found: unknown[] = [];
        let parts = 0;
        for (let from = 0; from <= (whole?.to ?? 0); parts++) {
          const part = reader.logs(from, 1e9, 7);
          if (part === undefined) throw new Error(`there is nothing from block ${from} on`);
          expect(part.logs.every(({ blockNumber }) => blockNumber <= part.to)).to.equal(true);
          found.push(...part.logs);
          from = part.to + 1;
        }
        expect(found).to.deep.equal(whole?.logs);
        expect(parts).to.be.greaterThan(10);
      } finally {
        reader.close();
      }
    });

    it("long answers compressed for those who take it", async () => {
      const url = `${server.url}/logs`;
      const read = async (encoding: string): Promise<[string | undefined, Buffer]> => {
        const [response] = (await once(
          get(url, { headers: { "accept-encoding": encoding } }),
          "response",
        )) as [IncomingMessage];
        return [response.headers["content-encoding"], await buffer(response)];
      };
      const [none, plain] = await read("gzip;q=0");
      const [encoding, small] = await read("br, gzip");
      expect([none, encoding]).to.deep.equal([undefined, "gzip"]);
      expect(gunzipSync(small).equals(plain)).to.equal(true);
      expect(small.length).to.be.lessThan(plain.length / 4);
    });

    it("with the whole database as one file", async () => {
      const copy = folder.file("copy.sqlite");
      const response = await fetch(`${server.url}/index.sqlite`);
      writeFileSync(copy, Buffer.from(await response.arrayBuffer()));
      expect(contents(copy)).to.deep.equal(contents(path));
      expect(askFile(copy, "PRAGMA integrity_check")).to.deep.equal([{ integrity_check: "ok" }]);
      expect(askFile(copy, "PRAGMA journal_mode")).to.deep.equal([{ journal_mode: "delete" }]);
    });

    it("pages of every origin, or only of those that are allowed, and never with credentials", async () => {
      const headers = { origin: "https://dapp.example" };
      const open = await fetch(`${server.url}/status`, { headers });
      expect(open.headers.get("access-control-allow-origin")).to.equal("*");
      expect(open.headers.has("access-control-allow-credentials")).to.equal(false);
      const closed = await serve({ origins: ["https://dapp.example"] });
      try {
        const own = await fetch(`${closed.url}/sql`, { method: "OPTIONS", headers });
        expect([own.status, own.headers.get("access-control-allow-origin")]).to.deep.equal([
          204,
          headers.origin,
        ]);
        const other = await fetch(`${closed.url}/status`, { headers: { origin: "https://evil.example" } });
        expect(other.headers.has("access-control-allow-origin")).to.equal(false);
      } finally {
        await closed.close();
      }
    });
  });

  describe("holds against", () => {
    const attacks = {
      insert: "INSERT INTO meta VALUES ('a', 'b')",
      update: "UPDATE meta SET value = ''",
      "insert with returning": "INSERT INTO meta VALUES ('a', 'b') RETURNING key",
      drop: "DROP TABLE meta",
      "a temporary table": "CREATE TEMP TABLE t (a)",
      "a virtual table": "CREATE VIRTUAL TABLE t USING fts5(a)",
      ATTACH: "ATTACH '/etc/passwd' AS other",
      "VACUUM INTO": "VACUUM INTO 'stolen.sqlite'",
      PRAGMA: "PRAGMA query_only = 0",
      "PRAGMA as a table": "SELECT * FROM pragma_database_list",
      transactions: "BEGIN EXCLUSIVE",
      load_extension: "SELECT load_extension('evil')",
      "a tokenizer's address": "SELECT fts3_tokenizer('simple')",
    };
    for (const [what, sql] of Object.entries(attacks)) {
      it(what, async () => {
        expect(await complaint(await post(sql))).to.deep.equal([400, "Only SELECT is allowed"]);
      });
    }

    it("a second statement behind the first", async () => {
      const [status, error] = await complaint(await post("SELECT 1; SELECT 2"));
      expect([status, error]).to.deep.equal([
        400,
        "SQLite rejects the question: there is more than one statement",
      ]);
    });

    it("a recursion that never ends, and answers others at once afterwards", async () => {
      const runaways = await Promise.all([post(RUNAWAY), post(RUNAWAY), post(RUNAWAY)]);
      for (const response of runaways)
        expect(await complaint(response)).to.deep.equal([400, "The question took longer than 1 s"]);
      expect(await rows("SELECT 1")).to.deep.equal([[1]]);
    });

    it("a recursion that never ends where the server is killed meanwhile", async () => {
      const program = new URL("../../audit/index/sql/sqlProcess.ts", import.meta.url);
      const child = fork(program, [path], { execArgv: ["--no-warnings"], serialization: "advanced" });
      await once(child, "message");
      const question = { sql: RUNAWAY, parameters: [], format: "json" as const };
      const exited = once(child, "exit");
      child.send({ question, limits: { seconds: 0.1, rows: 1, bytes: 1 } }, () => child.disconnect());
      expect((await exited)[1]).to.equal("SIGKILL");
    });

    it("huge results, of many rows, few large values, or one beyond measure", async () => {
      const many = await post(
        "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT x FROM t",
      );
      const { rows: found, truncated } = (await many.json()) as { rows: number[][]; truncated: boolean };
      expect([found.length, found.at(-1), truncated, many.headers.get("x-truncated")]).to.deep.equal([
        100,
        [100],
        true,
        "true",
      ]);
      const large = await post("SELECT printf('%40000d', value) FROM json_each('[1,2,3]')");
      const body = (await large.json()) as { rows: unknown[]; truncated: boolean };
      expect([body.rows.length, body.truncated]).to.deep.equal([1, true]);
      for (const sql of ["SELECT printf('%999999999d', 1)", "SELECT zeroblob(2000000000)"])
        expect((await complaint(await post(sql)))[1]).to.match(/too big/);
    });

    it("many clients at once: each gets an answer, or is told to come again", async () => {
      const answers = await Promise.all(
        Array.from({ length: 120 }, async (_, i) => {
          const response = await post(`SELECT ${i}`);
          return [response.status, ((await response.json()) as { rows?: number[][] }).rows?.[0]?.[0], i];
        }),
      );
      for (const [status, found, i] of answers) {
        if (status === 200) expect(found).to.equal(i);
        else expect(status).to.equal(503);
      }
      expect(answers.filter(([status]) => status === 200).length).to.be.greaterThan(30);
      expect(await rows("SELECT 'after'")).to.deep.equal([["after"]]);
    });

    it("long answers that would be too much together: small ones pass", async () => {
      const small = await serve({ heldBytes: 4000 });
      try {
        const refused = await fetch(`${small.url}/logs`);
        expect([refused.status, refused.headers.get("retry-after")]).to.deep.equal([503, "2"]);
        for (let i = 0; i < 10; i++) {
          const { status } = await fetch(`${small.url}/status`);
          expect(status).to.equal(200);
        }
      } finally {
        await small.close();
      }
    });

    it("a client that sends its request drop by drop", async () => {
      const strict = await serve({ requestSeconds: 0.2 });
      try {
        const socket = connect(Number(new URL(strict.url).port), "127.0.0.1");
        socket.on("error", () => undefined);
        socket.write("GET /status HTTP/1.1\r\nHost: x\r\n");
        let received = "";
        socket.on("data", (chunk) => (received += chunk.toString()));
        await once(socket, "close");
        expect(received).to.match(/^(HTTP\/1\.1 408 |$)/);
        expect((await fetch(`${strict.url}/status`)).status).to.equal(200);
      } finally {
        await strict.close();
      }
    });

    it("paths that climb out of the page's folder", async () => {
      for (const climbing of [
        "/../index.html",
        "/..%2f..%2fpackage.json",
        "/page.js/../../columns.ts",
        "//etc/passwd",
      ])
        expect(await statusOf(server.url, `GET ${climbing}`), climbing).to.equal(404);
    });

    it("other methods, bodies beyond measure, and requests that are none", async () => {
      expect(await statusOf(server.url, "DELETE /index.sqlite")).to.equal(405);
      expect(await statusOf(server.url, "POST /status")).to.equal(405);
      const big = await fetch(`${server.url}/sql`, { method: "POST", body: "x".repeat(70_000) });
      expect(big.status).to.equal(413);
      for (const body of ["{", "[]", '{"sql":1}', '{"sql":"SELECT 1","parameters":[[1]]}', '{"sql":" "}']) {
        const response = await fetch(`${server.url}/sql`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body,
        });
        expect(response.status, body).to.equal(400);
      }
      for (const query of [
        "fromBlock=x",
        "limit=0",
        "limit=99999",
        "address=0x12",
        "name=Nothing",
        "after=1",
        "sql=1",
      ])
        expect((await fetch(`${server.url}/events?${query}`)).status, query).to.equal(400);
      for (const query of ["fromBlock=-1", "toBlock=x", "limit=1"])
        expect((await fetch(`${server.url}/logs?${query}`)).status, query).to.equal(400);
    });
  });
});

/** The status of a request whose path is sent as it is, which fetch does not do. */
async function statusOf(url: string, request: string): Promise<number> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write(`${request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  let received = "";
  socket.on("data", (chunk) => (received += chunk.toString()));
  await once(socket, "close");
  return Number(received.split(" ")[1]);
}
