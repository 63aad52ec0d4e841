import { readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet } from "ethers";
import { startEmbeddedChain } from "#demo/embeddedChain";
import type { EmbeddedChain } from "#demo/embeddedChain";
import { writeKeystore } from "#node/setup/keystore";
import { deployConcordat } from "#deploy/deployConcordat";
import { concordat, start, temporaryFolder } from "./concordat.ts";
import type { Outcome } from "./concordat.ts";

const PASSWORD = "correct horse";
const SCRYPT = { N: 1024, r: 8, p: 1 };
/** Ports below 1024 that nobody listens on in a test: a connection is refused at once. */
const NOBODY = "http://127.0.0.1:9";
const book = (changes: object = {}): string =>
  JSON.stringify({
    format: "concordat/addresses/1",
    chainId: 31337,
    network: "test",
    deploymentBlock: 1,
    contracts: Object.fromEntries(
      ["NodeRegistry", "TaskRegistry", "StakeVault", "RewardLedger", "RoundCoordinator"].map((name, i) => [
        name,
        `0x${String(i + 1).padStart(40, "0")}`,
      ]),
    ),
    ...changes,
  });

describe("bad input to the command line", function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const file = (name: string, content: string): string => {
    const path = join(folder.path, name);
    writeFileSync(path, content);
    return path;
  };

  /** One line that names the fault and the way out, exit code 2, and no new file. */
  async function isRefused(
    run: Promise<Outcome>,
    fault: RegExp,
    before = readdirSync(folder.path),
  ): Promise<void> {
    const { code, stdout, stderr } = await run;
    expect(stderr).to.match(/^concordat: [^\n]+\n$/);
    expect(stderr).to.match(fault);
    expect(stdout).to.equal("");
    expect(code).to.equal(2);
    expect(readdirSync(folder.path).toSorted()).to.deep.equal(before.toSorted());
  }

  describe("is refused with one line, exit code 2 and nothing written:", () => {
    const cases: readonly [string, readonly string[], RegExp][] = [
      ["an unknown command", ["fly"], /unknown command 'fly'/],
      ["an unknown option", ["demo", "--node", "3"], /unknown option '--node' \(Did you mean --nodes\?\)/],
      ["an option without its value", ["demo", "--nodes"], /argument missing/],
      ["a number out of its range", ["demo", "--nodes", "0"], /from 1 to 50/],
      ["a word for a number", ["task", "show", "one"], /whole number/],
      [
        "an unknown choice",
        ["demo", "--dataset", "imagenet"],
        /Allowed choices are digits, mnist, fashion-mnist, cifar10/,
      ],
      ["a missing argument", ["task", "join"], /missing required argument 'task'/],
      ["one argument too many", ["task", "list", "3"], /too many arguments/],
      ["a ratio above 1", ["task", "publish", "--gamma", "30"], /ratio from 0 to 1/],
      ["an address that is none", ["stake", "show", "1", "--token", "0x12"], /Give an address/],
      ["an endpoint that is none", ["task", "list", "--rpc", "localhost"], /Give a URL/],
      ["no endpoint at all", ["task", "list"], /--rpc URL/],
      ["data without a folder", ["demo", "--dataset", "mnist"], /needs a folder .*--data/],
      [
        "a folder without data",
        ["demo", "--dataset", "cifar10", "--data", "/nonexistent"],
        /data_batch_1\.bin.*\/nonexistent/,
      ],
      [
        "too few nodes for the rule",
        ["demo", "--rule", "krum", "--f", "2"],
        /krum with --f 2 needs 7 updates.*--nodes 11/,
      ],
      [
        "a missing configuration",
        ["node", "run", "--config", "/nonexistent.yaml"],
        /cannot be read.*node init/,
      ],
      ["a missing model file", ["demo", "--model", "/nonexistent.json"], /cannot be read/],
      ["an unknown model", ["demo", "--model", "resnet"], /no built-in model "resnet".*mlp, cnn/],
      ["results that cannot be written", ["demo", "--json", "/nonexistent/x.json"], /--json/],
      [
        "a vote without an opinion",
        ["task", "vote", "1", "--rpc", NOBODY, "--address-book", "x"],
        /--approve or --reject/,
      ],
      ["publishing without a way to the files", ["task", "publish", "--rpc", NOBODY], /--out DIR/],
    ];
    for (const [name, args, fault] of cases) it(name, async () => isRefused(concordat(...args), fault));
  });

  it("a truncated data file is named", async () => {
    file("train-labels-idx1-ubyte", "");
    file("train-images-idx3-ubyte", "\0\0\u0008\u0003\0\0");
    await isRefused(
      concordat("demo", "--dataset", "mnist", "--data", folder.path),
      /train-images-idx3-ubyte/,
    );
  });

  it("a foreign data file is named", async () => {
    file("train-labels-idx1-ubyte", "");
    file("train-images-idx3-ubyte", "this is no data file at all");
    await isRefused(
      concordat("demo", "--dataset", "mnist", "--data", folder.path),
      /train-images-idx3-ubyte/,
    );
  });

  it("a topology with an unknown layer names the layer", async () => {
    const layer = { class_name: "LSTM", config: { name: "memory", batch_input_shape: [null, 16, 16, 1] } };
    const model = file(
      "model.json",
      JSON.stringify({ class_name: "Sequential", config: { name: "m", layers: [layer] } }),
    );
    await isRefused(concordat("demo", "--model", model), /layer LSTM \(memory\)/);
  });

  it("a model file that is not JSON is named", async () => {
    const model = file("model.json", "{");
    await isRefused(concordat("demo", "--model", model), /model\.json is not JSON/);
  });

  it("a folder that is not empty is left alone by the demonstration", async () => {
    file("precious.txt", "data");
    await isRefused(concordat("demo", "--dir", folder.path), /is not empty/);
  });

  it("an unreachable endpoint is named", async () => {
    const addresses = file("addresses.json", book());
    await isRefused(
      concordat("task", "list", "--rpc", NOBODY, "--address-book", addresses),
      /127\.0\.0\.1:9.* cannot be reached/,
    );
  });

  it("a malformed address book names its entry", async () => {
    const addresses = file("addresses.json", book({ chainId: "one" }));
    await isRefused(concordat("audit", "--rpc", NOBODY, "--address-book", addresses), /chainId/);
  });

  it("an unknown key in a configuration is named", async () => {
    file("addresses.json", book());
    const config = file("node.yaml", "rpcUrl: http://127.0.0.1:9\ncolour: blue\n");
    await isRefused(concordat("node", "run", "--config", config), /configuration/);
  });

  it("a configuration that is not YAML names its line", async () => {
    const config = file("node.yaml", "rpcUrl: http://127.0.0.1:9\n  bad: [\n");
    await isRefused(concordat("node", "status", "--config", config), /not YAML, line \d/);
  });

  it("a missing password says how to give it", async () => {
    file("addresses.json", book());
    const init = ["node", "init", join(folder.path, "n"), "--rpc", NOBODY, "--address-book"];
    await isRefused(concordat(...init, join(folder.path, "addresses.json")), /--password-file/);
  });

  it("a password that is too short is refused", async () => {
    const addresses = file("addresses.json", book());
    const args = ["node", "init", join(folder.path, "n"), "--rpc", NOBODY, "--address-book", addresses];
    await isRefused(start(args, { CONCORDAT_PASSWORD: "short" }).done, /5 characters/);
  });

  describe("on a chain", () => {
    let chain: EmbeddedChain;
    let addresses: string;
    let other: Server;

    before(async () => {
      chain = await startEmbeddedChain();
      other = createServer((_request, response) =>
        response.setHeader("content-type", "application/json").end('{"jsonrpc":"2.0","id":1,"result":"0x1"}'),
      );
      await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
      const founder = Wallet.createRandom().address;
      addresses = JSON.stringify(
        await deployConcordat({
          hre: chain.hre,
          chain: chain.rpcUrl,
          founders: [{ operator: founder, signer: founder }],
          votingPeriod: 86_400,
          unbondingPeriod: 86_400,
          developmentToken: true,
        }),
      );
    });
    after(async () => {
      other.close();
      await chain.close();
    });

    it("another chain's endpoint is refused by its id", async () => {
      const { port } = other.address() as AddressInfo;
      const args = ["--rpc", `http://127.0.0.1:${port}`, "--address-book", file("addresses.json", addresses)];
      await isRefused(
        concordat("task", "list", ...args),
        /serves chain 1, but the address book is for chain 31337/,
      );
    });

    it("an address without a contract is named", async () => {
      const args = ["--rpc", chain.rpcUrl, "--address-book", file("addresses.json", book())];
      await isRefused(
        concordat("task", "list", ...args),
        /no contract at 0x0+\d, where the address book lists/,
      );
    });

    it("a wrong password is said to be one", async () => {
      const keystore = join(folder.path, "key.json");
      await writeKeystore(keystore, Wallet.createRandom().privateKey, PASSWORD, SCRYPT);
      const args = [
        "--rpc",
        chain.rpcUrl,
        "--address-book",
        file("addresses.json", addresses),
        "--keystore",
        keystore,
      ];
      await isRefused(
        start(["task", "join", "1", ...args], { CONCORDAT_PASSWORD: "wrong horse" }).done,
        /password does not open/,
      );
    });

    it("an account without funds is told to get some", async () => {
      const keystore = join(folder.path, "key.json");
      await writeKeystore(keystore, Wallet.createRandom().privateKey, PASSWORD, SCRYPT);
      const args = [
        "--rpc",
        chain.rpcUrl,
        "--address-book",
        file("addresses.json", addresses),
        "--keystore",
        keystore,
      ];
      const signer = Wallet.createRandom().address;
      await isRefused(
        start(["node", "apply", "--signer", signer, ...args], { CONCORDAT_PASSWORD: PASSWORD }).done,
        /cannot pay for applyForAdmission.*gas/,
      );
    });

    it("a task that does not exist is told apart from one that does", async () => {
      const args = ["--rpc", chain.rpcUrl, "--address-book", file("addresses.json", addresses)];
      await isRefused(concordat("task", "show", "7", ...args), /There is no task 7/);
      await isRefused(concordat("audit", "--task", "7", ...args), /There is no task 7/);
    });

    it("an account without a node cannot join", async () => {
      const keystore = join(folder.path, "key.json");
      await writeKeystore(keystore, Wallet.createRandom().privateKey, PASSWORD, SCRYPT);
      const args = [
        "--rpc",
        chain.rpcUrl,
        "--address-book",
        file("addresses.json", addresses),
        "--keystore",
        keystore,
      ];
      await isRefused(
        start(["task", "join", "1", ...args], { CONCORDAT_PASSWORD: PASSWORD }).done,
        /does not operate a member node.*node apply/,
      );
    });
  });
});
