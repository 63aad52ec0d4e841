import { expect } from "chai";
import { createElement as h } from "react";
import type { FunctionComponent, ReactElement } from "react";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterContextProvider,
} from "@tanstack/react-router";
import { WagmiProvider, createConfig, http } from "wagmi";
import { connect } from "wagmi/actions";
import { mock } from "wagmi/connectors";
import { zeroAddress } from "viem";
import type { PublicClient } from "viem";
import { hardhat, mainnet } from "viem/chains";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type * as UseFederation from "#frontend/chain/useFederation.ts";
import { TransactionLog } from "#frontend/transactions/transactionLog.ts";
import type * as UseSend from "#frontend/transactions/useSend.ts";
import { ScoreKind } from "#protocol/contracts/enums";
import { emptyFederation } from "#protocol/history/federationState";
import { validTerms } from "../protocol/rules/termsFixture.ts";
import { openStand } from "./stand.ts";
import type { Stand } from "./stand.ts";

type Components = Readonly<Record<string, FunctionComponent<Record<string, unknown>>>>;
const ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

describe("components of the page", () => {
  let stand: Stand;
  before(async function () {
    this.timeout(120_000);
    stand = await openStand();
  });
  after(async () => stand.close());

  async function component(path: string, name: string): Promise<FunctionComponent<Record<string, unknown>>> {
    const found = (await stand.load<Components>(path))[name];
    if (found === undefined) throw new Error(`${path} has no ${name}`);
    return found;
  }

  describe("a field", () => {
    for (const [name, tag, props] of [
      ["TextField", "input", { value: "12", onChange: () => {} }],
      ["SelectField", "select", { value: "a", options: [["a", "A"]], onChange: () => {} }],
    ] as const) {
      it(`${name}: is named by its label, and described by its hint and its error`, async () => {
        const Field = await component("ui/Field.tsx", name);
        const holder = await stand.show(
          h(Field, { label: "Rounds", hint: "At least one.", error: "Too few", ...props }),
        );
        const control = holder.querySelector(tag);
        expect(holder.querySelector("label")?.htmlFor).to.equal(control?.id);
        const described = (control?.getAttribute("aria-describedby") ?? "").split(" ");
        const texts = described.map((id) => document.getElementById(id)?.textContent);
        expect(texts).to.deep.equal(["At least one.", "Too few"]);
        expect(control?.getAttribute("aria-invalid")).to.equal("true");
      });
    }
  });

  describe("the table of scores", () => {
    it("stands in the order of nodes, marks the chosen alpha, and is darkest at the best", async () => {
      const cells = await heatMap(
        ScoreKind.Accuracy,
        [
          [4, 5000, 9000],
          [2, 1000, 7000],
        ],
        2,
      );
      expect(cells.heads).to.deep.equal(["0.5", "1 (chosen)"]);
      expect(cells.rows).to.deep.equal([
        ["Node 2", "10.0", "70.0"],
        ["Node 4", "50.0", "90.0"],
        ["Mean", "30.0", "80.0"],
        ["Deviation", "20.0", "10.0"],
      ]);
      expect(cells.heats).to.deep.equal(["0.00", "0.75", "0.50", "1.00"]);
    });

    it("where scores are errors, the least is the darkest", async () => {
      const { heats } = await heatMap(ScoreKind.Error, [[1, 0, 400]], 0);
      expect(heats).to.deep.equal(["1.00", "0.00"]);
    });

    it("with equal scores, or none yet, shows no number that is none", async () => {
      expect((await heatMap(ScoreKind.Accuracy, [[1, 500, 500]], 0)).heats).to.deep.equal(["0.50", "0.50"]);
      const { rows } = await heatMap(ScoreKind.Accuracy, [], 0);
      expect(JSON.stringify(rows)).to.not.match(/NaN|Infinity/);
    });

    async function heatMap(
      scoreKind: ScoreKind,
      tables: readonly (readonly [nodeId: number, ...scores: number[]])[],
      index: number,
    ): Promise<{ heads: string[]; rows: string[][]; heats: string[] }> {
      const HeatMap = await component("pages/task/HeatMap.tsx", "HeatMap");
      const terms = {
        ...validTerms(0),
        negotiationSteps: 2,
        alphaLowerBps: 0,
        alphaUpperBps: 10_000,
        scoreKind,
      };
      const reports = new Map(
        tables.map(([nodeId, ...scores]) => [nodeId, { nodeId, memberId: nodeId, scores }]),
      );
      const element = h(HeatMap, { task: { terms }, opening: { reports, finalised: { index } } });
      const holder = await stand.show(await inPage(element));
      const text = (each: Element): string => each.textContent ?? "";
      return {
        heads: [...holder.querySelectorAll("thead th")].slice(1).map(text),
        rows: [...holder.querySelectorAll("tbody tr, tfoot tr")].map((row) => [...row.children].map(text)),
        heats: [...holder.querySelectorAll<HTMLElement>("td")].map((cell) =>
          cell.style.getPropertyValue("--heat"),
        ),
      };
    }
  });

  describe("a button that sends a transaction", () => {
    const call = {
      key: "join-1",
      label: "Join task 1",
      contract: "TaskRegistry",
      functionName: "joinTask",
      args: [],
    };

    it("waits for a wallet, for the right network, and while its transaction is under way", async () => {
      const ActionButton = await component("transactions/ActionButton.tsx", "ActionButton");
      const log = new TransactionLog(
        {} as PublicClient,
        hardhat.id,
        () => {},
        () => Promise.resolve({ kind: "waiting" }),
      );
      const wagmi = createConfig({
        chains: [hardhat, mainnet],
        connectors: [mock({ accounts: [ACCOUNT] })],
        multiInjectedProviderDiscovery: false,
        transports: { [hardhat.id]: http("http://127.0.0.1:1"), [mainnet.id]: http("http://127.0.0.1:1") },
      });
      const holder = await stand.show(await inPage(h(ActionButton, { call }), { log, wagmi }));
      const button = (): Pick<HTMLButtonElement, "disabled" | "title" | "textContent"> => {
        const found = holder.querySelector("button");
        if (found === null) throw new Error("There is no button");
        const { disabled, title, textContent } = found;
        return { disabled, title, textContent };
      };
      expect(button()).to.deep.equal({
        disabled: true,
        title: "Connect a wallet first",
        textContent: call.label,
      });

      const [connector] = wagmi.connectors;
      if (connector === undefined) throw new Error("There is no wallet");
      await stand.act(async () => void (await connect(wagmi, { connector, chainId: hardhat.id })));
      expect(button()).to.deep.equal({ disabled: false, title: "", textContent: call.label });

      const { promise, reject } = Promise.withResolvers<void>();
      let sending: Promise<unknown> | undefined;
      await stand.act(() => {
        sending = log.send({
          ...call,
          account: zeroAddress,
          emitter: undefined,
          to: zeroAddress,
          input: "0x",
          simulate: () => promise,
          sign: () => Promise.resolve({ hash: "0x" }),
        });
      });
      expect(button()).to.deep.equal({ disabled: true, title: "", textContent: "Under way…" });
      await stand.act(async () => {
        reject(new Error("refused"));
        await sending;
      });
      expect(button()).to.deep.equal({ disabled: false, title: "", textContent: call.label });

      await stand.act(async () => void (await connector.switchChain?.({ chainId: mainnet.id })));
      expect(button()).to.include({ disabled: true, title: "Switch your wallet’s network first" });
    });
  });

  /** An element with all that a page has above it. */
  async function inPage(
    element: ReactElement,
    { log, wagmi }: { log?: TransactionLog; wagmi?: ReturnType<typeof createConfig> } = {},
  ): Promise<ReactElement> {
    const { Federation } = await stand.load<typeof UseFederation>("chain/useFederation.ts");
    const { Transactions } = await stand.load<typeof UseSend>("transactions/useSend.ts");
    const state = { federation: emptyFederation() };
    const store = { state, subscribe: () => () => {}, network: { chainId: hardhat.id } };
    const root = createRootRoute();
    const nodes = createRoute({ getParentRoute: () => root, path: "/nodes" });
    const router = createRouter({ routeTree: root.addChildren([nodes]), history: createMemoryHistory() });
    // A router that only tells links where they lead: the component under test is the page.
    let page: ReactElement = h(RouterContextProvider, { router: router as never, children: element });
    page = h(Federation, { value: { store } as never }, page);
    if (log !== undefined) page = h(Transactions, { value: log }, page);
    if (wagmi !== undefined) {
      page = h(QueryClientProvider, { client: new QueryClient() }, page);
      page = h(WagmiProvider, { config: wagmi as never, reconnectOnMount: false }, page);
    }
    return page;
  }
});
