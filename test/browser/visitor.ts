import type { Wallet } from "ethers";
import { expect } from "chai";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Site } from "./site.ts";
import { injectWallet, type TestWallet, type WalletKind } from "./testWallet.ts";
import { watch } from "./watch.ts";

/** A visitor: a fresh profile of the browser, with or without a wallet. */
export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly wallet: TestWallet | undefined;
  /** Origins that the page called. */
  readonly origins: Set<string>;
  /** What none of the visitor's pages may do, and one did: see {@link watch}. A test that provokes some takes them out. */
  readonly faults: string[];
  /** Opens a page of the dApp by its hash path. */
  open(path: string): Promise<void>;
  /** Leaves, and requires that no page had a fault. */
  close(): Promise<void>;
}

export interface VisitOptions {
  /** Pixels. */
  readonly width?: number;
  readonly dark?: boolean;
  /** Whether it is a device with a touch screen and no mouse. */
  readonly phone?: boolean;
  readonly walletKind?: WalletKind;
  /** Language of the browser, and time zone of its machine. */
  readonly locale?: string;
  readonly zone?: string;
}

/** Milliseconds that a page may take to show what a test waits for: generous, since it is there to end a hang. */
const TIMEOUT_MS = Number(process.env["CONCORDAT_PATIENCE"] ?? 40_000);
/** Every chain of the tests is Hardhat's. */
const CHAIN_ID = 31_337;

/** Lets somebody in with an empty browser, whose wallet, if there is a signer, is on the chain of the page. */
export async function visit(
  browser: Browser,
  site: Site,
  signer?: Wallet,
  { width = 1280, dark = false, phone = false, walletKind, locale, zone }: VisitOptions = {},
): Promise<Visitor> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: dark ? "dark" : "light",
    hasTouch: phone,
    isMobile: phone,
    ...(locale !== undefined && { locale }),
    ...(zone !== undefined && { timezoneId: zone }),
  });
  // tsx, through which Hardhat runs tests, wraps the named functions of what is sent to the page in this one.
  await context.addInitScript("globalThis.__name ??= (value) => value");
  const wallet = signer === undefined ? undefined : await injectWallet(context, signer, CHAIN_ID, walletKind);
  const origins = new Set<string>();
  const { faults, look } = await watch(context);
  // Of the context, so that further windows are watched too.
  context.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith("http")) origins.add(origin);
  });
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  return {
    context,
    page,
    wallet,
    origins,
    faults,
    open: async (path) => {
      await page.goto(`${site.url}#${path}`);
      await page.locator("main[aria-busy=false]").getByRole("heading", { level: 1 }).first().waitFor();
    },
    close: async () => {
      await look();
      await context.close();
      expect(faults).to.deep.equal([]);
    },
  };
}

/** Connects the test wallet through the page's own dialog. */
export async function connect({ page }: Visitor): Promise<void> {
  await page.getByRole("button", { name: "Connect wallet" }).click();
  await page.getByRole("button", { name: "Test wallet" }).click();
  await page.getByRole("button", { name: /^0x/ }).waitFor();
}

/** Ticks the box of every address that the address book does not vouch for. */
export async function trustAll({ page }: Visitor): Promise<void> {
  const boxes = page.getByRole("checkbox", { name: /^I know and trust 0x/ });
  await boxes.first().waitFor();
  for (const box of await boxes.all()) await box.check();
}

/** A page's text without how long ago things were, which goes on while one looks. */
export function withoutAges(text: string): string {
  return text.replaceAll(/ ?\((?:in [\d a-z]+|[\d a-z]+ ago)\)/g, "");
}
