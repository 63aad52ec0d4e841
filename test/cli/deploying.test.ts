import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { Wallet } from "ethers";
import { startEmbeddedChain } from "#demo/embeddedChain";
import type { EmbeddedChain } from "#demo/embeddedChain";
import type { Outcome } from "./concordat.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const HARDHAT = join(ROOT, "node_modules", "hardhat", "dist", "src", "cli.js");

describe("the deployment", function () {
  this.timeout(300_000);
  let chain: EmbeddedChain;
  let folder: string;
  let book: string;

  before(async () => {
    chain = await startEmbeddedChain();
  });
  after(async () => chain.close());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "concordat-deploy-"));
    book = join(folder, "addresses.json");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Deploys as the guide says. */
  async function deploy(network: string, env: Readonly<Record<string, string>>): Promise<Outcome> {
    const args = [HARDHAT, "run", "--no-compile", "deploy/deploy.ts", "--network", network];
    const settings = {
      CONCORDAT_PARAMETERS: join(ROOT, "deploy", "parameters", "local.json"),
      CONCORDAT_ADDRESS_BOOK: book,
      CONCORDAT_AGAIN: "",
      ...env,
    };
    return new Promise((resolve) => {
      const options = { cwd: ROOT, env: { ...process.env, NO_COLOR: "1", ...settings } };
      execFile(process.execPath, args, options, (error, stdout, stderr) => {
        resolve({
          code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
          stdout,
          stderr,
        });
      });
    });
  }

  it("says who pays and what it costs, and a second one is refused until it is asked for, which keeps the first", async () => {
    const env = { RPC_URL: chain.rpcUrl };
    const first = await deploy("local", env);
    expect([first.code, first.stderr]).to.deep.equal([0, ""]);
    expect(first.stdout).to.match(/^Deployer 0x\w{40} has [\d.]+; about [\d,]+ gas cost at most [\d.]+\n/);
    const written = readFileSync(book, "utf8");

    const second = await deploy("local", env);
    expect(second.code).to.equal(2);
    expect(second.stderr).to.match(
      /^concordat: \S+ already names a deployment: to chain 31337, [^\n]*CONCORDAT_AGAIN=yes\n$/,
    );
    expect(readFileSync(book, "utf8")).to.equal(written);

    const again = await deploy("local", { ...env, CONCORDAT_AGAIN: "yes" });
    expect([again.code, again.stderr]).to.deep.equal([0, ""]);
    const kept = readdirSync(folder).filter((name) => name.includes(".until-"));
    expect(kept).to.have.length(1);
    expect(readFileSync(join(folder, kept[0] ?? ""), "utf8")).to.equal(written);
    expect(JSON.parse(readFileSync(book, "utf8"))).to.not.deep.equal(JSON.parse(written));
  });

  it("overwrites no file that is no address book", async () => {
    writeFileSync(book, "notes");
    const { code, stderr } = await deploy("local", { RPC_URL: chain.rpcUrl });
    expect(code).to.equal(2);
    expect(stderr).to.match(/^concordat: \S+ exists, but is not an address book/);
    expect(readFileSync(book, "utf8")).to.equal("notes");
  });

  it("is refused before anything is sent where the deployer cannot pay", async () => {
    const poor = Wallet.createRandom();
    const { code, stderr } = await deploy("public", {
      CONCORDAT_RPC_URL: chain.rpcUrl,
      CONCORDAT_DEPLOYER_KEY: poor.privateKey,
    });
    expect(code).to.equal(2);
    expect(stderr).to.match(
      new RegExp(`^concordat: The deployer ${poor.address} has 0 [^\\n]*nothing was deployed\\n$`, "i"),
    );
    expect(existsSync(book)).to.equal(false);
  });

  it("names the key or the endpoint that is missing", async () => {
    const noKey = await deploy("public", { CONCORDAT_RPC_URL: chain.rpcUrl });
    expect([noKey.code, noKey.stderr]).to.deep.equal([
      2,
      "concordat: CONCORDAT_DEPLOYER_KEY is not set. Give it in the environment, or with: npx hardhat keystore set CONCORDAT_DEPLOYER_KEY\n",
    ]);
    const nobody = await deploy("local", { RPC_URL: "http://127.0.0.1:1" });
    expect(nobody.code).to.equal(2);
    expect(nobody.stderr).to.match(/^concordat: The chain's endpoint cannot be reached\. [^\n]+\n$/);
  });

  it("is refused on a chain whose contracts see other block numbers than its endpoint, with the reason", async () => {
    const rollup = createServer((request, response) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const body = Buffer.concat(chunks).toString();
        const call = JSON.parse(body) as { id: number; method: string; params: { data?: string }[] };
        const isNumber = call.method === "eth_call" && call.params[0]?.data === "0x4360005260206000f3";
        const answer = isNumber
          ? JSON.stringify({ jsonrpc: "2.0", id: call.id, result: `0x${"f4240".padStart(64, "0")}` })
          : await (
              await fetch(chain.rpcUrl, {
                method: "POST",
                body,
                headers: { "content-type": "application/json" },
              })
            ).text();
        response.setHeader("content-type", "application/json");
        response.end(answer);
      })();
    });
    await new Promise<void>((resolve) => {
      rollup.listen(0, "127.0.0.1", resolve);
    });
    try {
      const { port } = rollup.address() as AddressInfo;
      const { code, stderr } = await deploy("local", { RPC_URL: `http://127.0.0.1:${port}` });
      expect(code).to.equal(2);
      expect(stderr).to.match(
        /^concordat: Contracts on this chain see block number 1000000, but its endpoint is at block \d+/,
      );
      expect(existsSync(book)).to.equal(false);
    } finally {
      rollup.closeAllConnections();
      rollup.close();
    }
  });
});
