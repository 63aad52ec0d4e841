import { mkdir } from "node:fs/promises";
import { createLogUpdate } from "log-update";
import type { DatasetName } from "@concordat/protocol/manifest/datasetTerms";
import { InputError } from "@concordat/protocol/errors";
import { fetchDataset } from "../data/fetchDataset.ts";
import { progressLine } from "../data/progressBar.ts";
import { SOURCES } from "../data/sources.ts";
import { untilInterrupted } from "@concordat/console/interruption";
import { note, print, printJson } from "@concordat/console/output";

export interface DataFetchOptions {
  readonly dir: string;
  readonly json?: true;
}

/** Milliseconds between two drawings of the bar. */
const REDRAW_MS = 100;

/** `concordat data fetch`. */
export async function runDataFetch(name: string, { dir, json }: DataFetchOptions): Promise<void> {
  const source = SOURCES[name as DatasetName];
  if (source === undefined)
    throw new InputError(`${name} has no official source`, { hint: "See concordat data list" });
  await mkdir(dir, { recursive: true });
  const bar = progressBar();
  const fetched = await fetchDataset({ name, source, dir, signal: untilInterrupted(), onProgress: bar.show });
  bar.end();
  if (json) return printJson(fetched);
  const { folder, files, wasThere, pinned } = fetched;
  print(
    wasThere
      ? `${folder}: ${files} files, unchanged since they were fetched`
      : `${folder}: ${files} files, checked`,
  );
  for (const { hex } of pinned) {
    note(`No checksum is published for it. This one is kept to compare later downloads with: sha256 ${hex}`);
  }
  if (!wasThere) note(`Licence and citation: ${source.page}`);
}

/** Draws on a terminal; elsewhere it says when a file begins. */
function progressBar() {
  const { stderr } = process;
  const draw = stderr.isTTY ? createLogUpdate(stderr) : undefined;
  let drawn = 0;
  let current = "";
  return {
    show: (file: string, received: number, total: number | undefined): void => {
      const isNew = file !== current;
      current = file;
      if (draw === undefined) {
        if (isNew) note(`Downloading ${file}`);
      } else if (isNew || received === total || performance.now() - drawn > REDRAW_MS) {
        if (isNew) draw.done();
        draw(progressLine(file, received, total));
        drawn = performance.now();
      }
    },
    end: (): void => draw?.done(),
  };
}
