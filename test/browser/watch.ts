import type { BrowserContext } from "playwright-core";
import { HOSTILE_HOST, HOSTILE_IMAGE } from "./hostile.ts";

/** What the browser itself says where an endpoint, a gateway or an index does not answer: no fault of the page. */
const OF_THE_NETWORK =
  /^Failed to load resource: |has been blocked by CORS policy|^WebSocket connection to \S+ failed/;

/** What is found to be wrong with the pages of a context. */
export interface Watch {
  /** In words; grows while the pages are open. */
  readonly faults: string[];
  /** Looks at what the pages show now. */
  look(): Promise<void>;
}

/**
 * Watches every page of a context for what none may do, whoever wrote what it shows: be wider than its window, throw or log
 * an error, break its Content-Security-Policy, make a stranger's text into markup or script, or call whom that text names.
 */
export async function watch(context: BrowserContext): Promise<Watch> {
  const faults: string[] = [];
  context.on("weberror", (error) => faults.push(error.error().message));
  context.on("console", (message) => {
    const text = message.text();
    if (message.type() === "error" && !OF_THE_NETWORK.test(text)) faults.push(text);
  });
  context.on("request", (request) => {
    if (new URL(request.url()).hostname === HOSTILE_HOST) faults.push(`It called ${request.url()}`);
  });
  await context.exposeFunction("reportFault", (fault: string) => faults.push(fault));
  await context.addInitScript(watchPage, HOSTILE_IMAGE);
  return {
    faults,
    look: async () => {
      await Promise.all(context.pages().map((page) => page.evaluate(() => lookAtPage?.())));
    },
  };
}

/** In the page, once it is watched. */
declare const lookAtPage: (() => Promise<void>) | undefined;

/** In the page: looks at it after each change, once that is painted: what observes sizes has had its say by then. */
function watchPage(image: string): void {
  /** What was reported, each until it has arrived. */
  const told = new Map<string, Promise<void>>();
  const page = globalThis as unknown as { reportFault(fault: string): Promise<void> };
  const found = (): string[] => {
    const { documentElement: root, body } = document;
    // Before the first element there is nothing to look at.
    if (root === null || body === null) return [];
    const surplus = root.scrollWidth - root.clientWidth;
    return [
      ...(surplus > 0 ? [`${location.hash} is ${surplus} px wider than its window of ${innerWidth} px`] : []),
      ...(body.dataset["ran"] === undefined ? [] : [`${location.hash} ran a script of a task’s text`]),
      ...(document.querySelector(`[src="${image}"]`) === null
        ? []
        : [`${location.hash} made a task’s text into markup`]),
    ];
  };
  const painted = (): Promise<void> =>
    new Promise((resolve) => {
      requestAnimationFrame(() => setTimeout(resolve));
    });
  const look = async (): Promise<void> => {
    let faults = found();
    if (faults.length > 0) {
      // What observes sizes may not have heard of a window that was made smaller just now.
      await painted();
      await painted();
      const still = found();
      faults = faults.filter((fault) => still.includes(fault));
    }
    for (const fault of faults) if (!told.has(fault)) told.set(fault, page.reportFault(fault));
    await Promise.all(told.values());
  };
  let isDue = false;
  const lookSoon = (): void => {
    if (isDue) return;
    isDue = true;
    void painted().then(() => {
      isDue = false;
      return look();
    });
  };
  new MutationObserver(lookSoon).observe(document, {
    subtree: true,
    childList: true,
    attributes: true,
    characterData: true,
  });
  addEventListener("resize", lookSoon);
  Object.assign(globalThis, { lookAtPage: look });
}
