import { readFileSync } from "node:fs";

/** A file of the page. */
export interface StaticFile {
  readonly type: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** The files of the page by their path. Nothing else of the disk can be asked for. */
export function readStaticFiles(): ReadonlyMap<string, StaticFile> {
  const file = (name: string, type: string): StaticFile => ({
    type: `${type}; charset=utf-8`,
    body: readFileSync(new URL(`../page/${name}`, import.meta.url)),
    headers: { "cache-control": "no-cache" },
  });
  return new Map([
    ["/", file("index.html", "text/html")],
    ["/page.js", file("page.js", "text/javascript")],
    ["/page.css", file("page.css", "text/css")],
  ]);
}
