import { Writable } from "node:stream";
import { printable } from "@concordat/protocol/words/printable";
import { colours } from "@concordat/console/output";

/** Characters of one value in a line. */
const MAX_VALUE = 2000;

const LEVELS: Readonly<Record<number, string>> = {
  10: "trace",
  20: "debug",
  30: "info",
  40: "warn",
  50: "error",
  60: "fatal",
};

/** Turns pino's JSON lines into lines for people: time, level, message, facts. */
export function readableLog(target: NodeJS.WriteStream): Writable {
  const { dim, yellow, red } = colours(target);
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      const { level, time, msg, ...facts } = JSON.parse(chunk.toString()) as Record<string, unknown>;
      const weight = Number(level);
      const paint = weight >= 50 ? red : weight >= 40 ? yellow : String;
      const values = Object.entries(facts).map(([key, value]) => `${key}=${shown(value)}`);
      const line = [
        new Date(Number(time)).toISOString(),
        paint(LEVELS[weight] ?? `${weight}`),
        printable(String(msg ?? ""), MAX_VALUE),
        dim(values.join(" ")),
      ];
      target.write(`${line.filter(Boolean).join(" ")}\n`, () => done());
    },
  });
}

function shown(value: unknown): string {
  if (typeof value === "string") return /^\S+$/.test(value) ? printable(value) : text(value);
  if (typeof value === "object" && value !== null && "stack" in value) return String(value.stack);
  return text(value);
}

/** As JSON, which leaves some of what a terminal obeys as it is. */
function text(value: unknown): string {
  return printable(JSON.stringify(value) ?? "", MAX_VALUE);
}
