import { describeEngine } from "./engineContract.ts";
import { describeGradients } from "./gradientCases.ts";

for (const engine of ["wasm", "cpu"] as const) {
  describeGradients(engine);
  describeEngine(engine);
}
