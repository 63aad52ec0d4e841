// A training program for tests, without arithmetic: it "trains" by handing back the weights, and does what it is told wrong.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [fault = "", supports = ""] = process.argv.slice(2);
const write = (text) => process.stdout.write(text);
const say = (message) => write(`${JSON.stringify(message)}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, command, ...request } = JSON.parse(line);
  if (command === "abort") continue;
  if (command === "hello") {
    const protocol = fault === "version" ? "concordat/trainer/2" : request.protocol;
    const data = fault === "own" ? "own" : "node";
    say({ id, done: { protocol, name: "test", data, supports: supports.split(",").filter(Boolean) } });
  } else if (command === "load") say({ id, done: {} });
  else if (command === "evaluate") say({ id, done: { correct: 1, total: fault === "count" ? 0 : 2 } });
  else train(id, request);
}

function train(id, { weights, samples, result, epochs, moves }) {
  copyFileSync(weights, result);
  say({ id, progress: { epoch: epochs.first, epochs: epochs.count, step: 1, steps: 1, loss: 0.5 } });
  if (fault === "babble") console.log("loading CUDA kernels");
  if (fault === "flood") write("x".repeat(200_000));
  if (fault === "stranger") say({ id: id + 7, done: {} });
  if (fault === "crash") {
    console.error("RuntimeError: out of memory");
    process.exit(3);
  }
  if (fault === "hang") return;
  if (fault === "refuse") return say({ id, error: "no such\nthing" });
  if (fault === "cut") writeFileSync(result, "cut off");
  // The last value of the last tensor, and no other.
  if (fault === "move")
    writeFileSync(
      result,
      readFileSync(result).map((byte, i, all) => (i === all.length - 1 ? byte ^ 1 : byte)),
    );
  if (fault === "diverge") return say({ id, done: { loss: null, samples: 1 } });
  if (fault === "slow") return setTimeout(() => say({ id, done: { loss: 1, samples: 1 } }), 300);
  const count = samples.file === undefined ? 123 : (moves?.length ?? 1);
  say({ id, done: { loss: 0.25, samples: count } });
}
