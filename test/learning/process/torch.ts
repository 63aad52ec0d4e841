import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** The Python that has PyTorch, if any has. */
export const PYTHON = process.env["CONCORDAT_PYTHON"] ?? "/usr/bin/python3";
/** The example program. */
export const TRAINER = join(import.meta.dirname, "../../../examples/pytorch-trainer/trainer.py");

export function hasTorch(): boolean {
  return spawnSync(PYTHON, ["-c", "import torch"]).status === 0;
}
