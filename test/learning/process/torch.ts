import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** The example program. */
export const TRAINER = join(import.meta.dirname, "../../../examples/pytorch-trainer/trainer.py");

/** A Python that has PyTorch, if there is one. */
export function pythonWithTorch(): string | undefined {
  return ["python3", "/usr/bin/python3"].find(
    (python) => spawnSync(python, ["-c", "import torch"]).status === 0,
  );
}
