import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const EXECUTABLES = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser"];

/** Where Chromium is on this machine; undefined where there is none. */
export function chromiumPath(): string | undefined {
  return EXECUTABLES.find((path): path is string => path !== undefined && existsSync(path));
}

/** Starts Chromium with a fresh profile, which calls nobody by itself. */
export async function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
