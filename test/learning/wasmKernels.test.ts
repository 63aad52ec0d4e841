import { describeGradients } from "./gradientCases.ts";

describeGradients("wasm");
