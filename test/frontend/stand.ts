import { Window } from "happy-dom";
import { fileURLToPath } from "node:url";
import type { ReactElement } from "react";
import { createServer } from "vite";

/** Modules of the page, and a document in which its components stand, without a browser. */
export interface Stand {
  /** A module by its path in frontend/src. */
  load<T>(path: string): Promise<T>;
  /** Renders an element, and gives the element of the document that holds it. */
  show(element: ReactElement): Promise<HTMLElement>;
  /** Runs what changes a component, and waits until it is rendered. */
  act(change: () => void | Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** What React and the components look for on the global object. */
const GLOBALS = [
  "window",
  "document",
  "HTMLElement",
  "HTMLIFrameElement",
  "getComputedStyle",
  "ResizeObserver",
] as const;

export async function openStand(): Promise<Stand> {
  const window = new Window({ url: "http://page.example/" });
  const before = GLOBALS.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  for (const name of GLOBALS)
    Object.defineProperty(globalThis, name, { configurable: true, writable: true, value: window[name] });
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  const [vite, { act }, { createRoot }] = await Promise.all([
    createServer({
      configFile: fileURLToPath(new URL("../../frontend/vite.config.ts", import.meta.url)),
      appType: "custom",
      logLevel: "error",
      server: { middlewareMode: true, ws: false, watch: null },
      optimizeDeps: { noDiscovery: true },
    }),
    import("react"),
    import("react-dom/client"),
  ]);
  const roots: { unmount(): void }[] = [];
  return {
    load: async (path) => (await vite.ssrLoadModule(`/src/${path}`)) as never,
    show: async (element) => {
      const holder = document.createElement("div");
      document.body.append(holder);
      const root = createRoot(holder);
      roots.push(root);
      await act(async () => root.render(element));
      return holder;
    },
    act: async (change) => act(async () => change()),
    close: async () => {
      await act(async () => {
        for (const root of roots) root.unmount();
      });
      await vite.close();
      await window.happyDOM.close();
      for (const [name, descriptor] of before) {
        if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
        else Object.defineProperty(globalThis, name, descriptor);
      }
    },
  };
}
