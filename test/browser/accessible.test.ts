import { expect } from "chai";
import type { Locator, Page } from "playwright-core";
import { Federation } from "../contracts/federation.ts";
import { playEventfulTask, playFailures, playStakedTask } from "../audit/scenario.ts";
import { axeFindings } from "./axe.ts";
import { paleTexts } from "./contrast.ts";
import { smallTargets } from "./fingers.ts";
import { takeLook } from "./look.ts";
import { EndpointProxy } from "./proxy.ts";
import { DappFixture, type Visitor } from "./dappFixture.ts";

/** Pages that everybody reads; tasks 2 to 5 are the story's, 6 runs, 7 waits for nodes. */
const READING = [
  "/",
  "/tasks",
  "/tasks/2",
  "/tasks/2?tab=rounds&round=2&retry=0",
  "/tasks/2?tab=rounds&round=2&retry=1",
  "/tasks/2?tab=curves",
  "/tasks/2?tab=terms",
  "/tasks/2?tab=roster",
  "/tasks/2?tab=model",
  "/tasks/3?tab=terms",
  "/tasks/5",
  "/tasks/6",
  "/tasks/1?tab=terms",
  "/tasks/99",
  "/nodes",
  "/publish",
  "/audit?task=2&round=2",
  "/no/such/page",
] as const;
/** Pages that say more to the operator of a node. */
const OPERATING = ["/", "/work", "/tasks/6", "/tasks/7", "/nodes", "/nodes?node=2"] as const;
/** Pixels. */
const PHONE = 360;
/** Colours do not depend on the width, nor the layout on the colours: two looks show all four. */
const LOOKS = [
  { colorScheme: "dark", width: PHONE },
  { colorScheme: "light", width: 1280 },
] as const;

describe("accessibility of the pages", function () {
  this.timeout(600_000);
  let fixture: DappFixture;

  before(async function () {
    const opened = await DappFixture.open(5);
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    const { connection, domain, contracts } = fixture.federation;
    const nodes = [...fixture.federation.nodes];
    const federation = new Federation(connection, nodes, domain, contracts);
    await playEventfulTask({ federation, nodes });
    await playStakedTask({ federation, nodes });
    await playFailures({ federation, nodes });
    await contracts.nodeRegistry.connect(federation.node(1).operator).proposeRemoval(3);
    await federation.startTask({}, [federation.node(1), federation.node(3), federation.node(5)]);
    await federation.train([federation.node(1)]);
    await federation.publish();
  });

  after(async () => fixture?.close());

  it("no page has a finding of axe-core, nor pale text, in light, dark and on a phone", async () => {
    const visitor = await fixture.visit();
    for (const path of READING) {
      await visitor.open(path);
      await expectSound(visitor, path);
    }
    await visitor.close();
  });

  it("nor has what a node's operator sees, with the wallet's dialog and what became of a transaction", async () => {
    const visitor = await fixture.visit(fixture.federation.nodes[0]?.operator);
    const { page, wallet } = visitor;
    if (wallet === undefined) throw new Error("The visitor has no wallet");
    await visitor.open("/");
    await page.getByRole("button", { name: "Connect wallet" }).click();
    await expectSound(visitor, "dialog to connect a wallet");
    await page.getByRole("button", { name: "Test wallet" }).click();
    await page.getByRole("button", { name: /^0x/ }).waitFor();
    for (const path of OPERATING) {
      await visitor.open(path);
      await expectSound(visitor, `${path} with a wallet`);
    }
    await page.getByRole("button", { name: /^0x/ }).click();
    await expectSound(visitor, "dialog of a connected wallet");
    await page.keyboard.press("Escape");

    await visitor.open("/tasks/7");
    wallet.declines = true;
    await page.getByRole("button", { name: /^Join/ }).first().click();
    await page.getByText("You declined this in your wallet.").waitFor();
    await expectSound(visitor, "declined transaction");
    wallet.declines = false;
    await page.getByRole("button", { name: /^Join/ }).first().click();
    await page.getByText("Confirmed.").waitFor();
    await expectSound(visitor, "confirmed transaction");

    wallet.chainId = 1;
    await page.reload();
    await page.getByRole("button", { name: "Wrong network" }).click();
    await expectSound(visitor, "dialog on another network");
    await visitor.close();
  });

  it("nor has any step of the wizard, filled in well or badly, and its confirmation", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/publish");
    const next = page.getByRole("button", { name: /^(Next|To the confirmation)$/ });
    for (let step = 1; await next.isVisible(); step++) {
      await expectSound(visitor, `step ${step}`);
      await next.click();
    }
    await page.getByRole("button", { name: "Model and data" }).click();
    await page.getByText("Give the task a name").waitFor();
    await expectSound(visitor, "a step with a fault");
    await page.getByLabel("Name").fill("Digits");
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByRole("button", { name: "Make manifest and initial model" }).click();
    await page.getByRole("button", { name: "Publish the task" }).waitFor();
    await expectSound(visitor, "confirmation");
    await visitor.close();
  });

  it("nor has a round computed again, a wrong configuration, or an endpoint that is down", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/audit?task=2&round=1");
    await page.getByRole("button", { name: /^Recompute/ }).click();
    await page.getByRole("table", { name: "Facts of this round" }).waitFor();
    await expectSound(visitor, "recomputed round");

    fixture.site.config = { format: "concordat/dapp/1", networks: [] };
    await page.goto("about:blank");
    await page.goto(fixture.site.url);
    await page.getByRole("alert").waitFor();
    await expectSound(visitor, "wrong configuration");

    const proxy = await EndpointProxy.open(fixture.rpcUrl);
    fixture.site.config = await fixture.config({ rpcUrls: [proxy.url] });
    await page.goto("about:blank");
    await visitor.open("/tasks/2");
    await proxy.down();
    await page.getByText("The network’s endpoint does not answer.").waitFor();
    await expectSound(visitor, "endpoint that is down");
    fixture.site.config = await fixture.config();
    await visitor.close();
  });

  it("a reader with the keyboard alone skips to the page, opens a task, changes its tab, and sees where the focus is", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/tasks");
    await page.keyboard.press("Tab");
    await expectFocusSeen(page, page.getByRole("link", { name: "Skip to the page" }));
    await page.keyboard.press("Enter");
    expect(await focused(page.locator("main"))).to.equal(true);
    await tabTo(page, page.getByRole("link", { name: /Task 2\b/ }));
    await page.keyboard.press("Enter");
    await page.getByRole("navigation", { name: "About this task" }).waitFor();
    for (const tab of ["Rounds", "Terms"]) {
      const link = page.getByRole("link", { name: tab, exact: true });
      await tabTo(page, link);
      await page.keyboard.press("Enter");
      await page.locator(`.tabs [aria-current=page]`, { hasText: tab }).waitFor();
      expect(await focused(link), `the focus stays on ${tab}`).to.equal(true);
    }
    await visitor.close();
  });

  it("the wallet's dialog is opened, used and closed by keyboard, and gives the focus back", async () => {
    const visitor = await fixture.visit(fixture.federation.nodes[0]?.operator);
    const { page } = visitor;
    await visitor.open("/tasks");
    const button = page.getByRole("button", { name: "Connect wallet" });
    await tabTo(page, button);
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Connect a wallet" });
    await dialog.waitFor();
    const outside = page.locator(":focus").and(page.locator(":not(dialog *, dialog, body)"));
    for (let press = 0; press < 4; press++) {
      expect(await outside.count(), "the focus stays in the dialog").to.equal(0);
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(await focused(button)).to.equal(true);

    await page.keyboard.press("Enter");
    await tabTo(page, page.getByRole("button", { name: "Test wallet" }));
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /^0x/ }).waitFor();
    await visitor.close();
  });

  it("a chart takes the colours of the page when they change, by the system or by the page’s button", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/tasks/2?tab=curves");
    const canvas = page.locator("canvas").first();
    const drawn = (): Promise<string> =>
      canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());
    /** Resolves once the chart was drawn otherwise than before; rejects when it never is. */
    const drawnAnew = async (before: string): Promise<string> => {
      await page.waitForFunction((old) => document.querySelector("canvas")?.toDataURL() !== old, before);
      return drawn();
    };
    const light = await drawn();
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = await drawnAnew(light);
    const colours = page.getByRole("button", { name: /^Colours: / });
    await colours.click();
    expect(await drawnAnew(dark), "the button asks for light").to.equal(light);
    await colours.click();
    expect(await drawnAnew(light), "the button asks for dark").to.equal(dark);
    await visitor.close();
  });

  it("nothing moves for a reader who asks for less motion", async () => {
    const visitor = await fixture.visit();
    await visitor.page.emulateMedia({ reducedMotion: "reduce" });
    for (const path of ["/", "/tasks/6", "/tasks/2?tab=curves", "/publish"]) {
      await visitor.open(path);
      expect(await longestMotion(visitor.page), path).to.be.below(1);
    }
    await visitor.page.emulateMedia({ reducedMotion: "no-preference" });
    expect(await longestMotion(visitor.page), "the measure sees what moves otherwise").to.be.above(1);
    await visitor.close();
  });
});

/** No finding in any look of the page as it stands now. */
async function expectSound({ page }: Visitor, where: string): Promise<void> {
  await page.getByText("Loading…").waitFor({ state: "detached" });
  for (const each of LOOKS) {
    await takeLook(page, each);
    const look = `${where}, ${each.colorScheme}, ${each.width} px`;
    expect(await axeFindings(page), look).to.deep.equal([]);
    if (each.width === PHONE) expect(await smallTargets(page), look).to.deep.equal([]);
    expect(await paleTexts(page), `${look}: too little contrast`).to.deep.equal([]);
  }
}

/** Presses Tab until the element has the focus. */
async function tabTo(page: Page, element: Locator): Promise<void> {
  for (let press = 0; press < 60; press++) {
    if (await focused(element)) return expectFocusSeen(page, element);
    await page.keyboard.press("Tab");
  }
  throw new Error(`The keyboard does not reach ${element.toString()}`);
}

function focused(element: Locator): Promise<boolean> {
  return element.evaluate((each) => each === document.activeElement);
}

/** The focused element lies on the screen and has an outline. */
async function expectFocusSeen(page: Page, element: Locator): Promise<void> {
  const seen = await element.evaluate((each) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(each);
    const { top, bottom, left, right } = each.getBoundingClientRect();
    const onScreen = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
    return onScreen && outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2;
  });
  expect(seen, `one sees that ${element.toString()} has the focus`).to.equal(true);
  expect(await page.locator(":focus").count()).to.equal(1);
}

/** Milliseconds of the longest transition or animation that any element of the page has. */
function longestMotion(page: Page): Promise<number> {
  return page.evaluate(() => {
    const ms = (text: string): number[] =>
      text.split(",").map((each) => Number.parseFloat(each) * (each.trim().endsWith("ms") ? 1 : 1000));
    return Math.max(
      ...[...document.querySelectorAll("*")].flatMap((element) => {
        const { transitionDuration, animationDuration } = getComputedStyle(element);
        return [...ms(transitionDuration), ...ms(animationDuration)];
      }),
    );
  });
}
