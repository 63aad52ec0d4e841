import type { ArtifactError } from "#errors";
import { artifactFault } from "../safetensors.ts";

/** The greatest quantised value; -128 is not used, so that the code is symmetric. */
const GREATEST = 127;

/** The step of one tensor's 8-bit values: its greatest magnitude / 127, rounded to float32; 0 where all are 0 or all but. */
export function scaleOf(greatestMagnitude: number): number {
  return Math.fround(greatestMagnitude / GREATEST);
}

/** The value in steps, rounded half away from zero, in -127..127; one IEEE division, so the same everywhere. */
export function quantise(value: number, scale: number): number {
  if (scale === 0) return 0;
  const steps = Math.min(GREATEST, Math.floor(Math.abs(value) / scale + 0.5));
  return value < 0 ? -steps : steps;
}

/** @throws {ArtifactError} for a step that {@link scaleOf} does not give. */
export function checkScale(scale: number): void {
  if (!Number.isFinite(scale) || scale < 0 || Object.is(scale, -0))
    throw wrongValue(`a tensor has the step ${scale}`);
}

/** @throws {ArtifactError} for a value that {@link quantise} does not give with this step. */
export function checkQuantised(value: number, scale: number): void {
  if (value < -GREATEST || (scale === 0 && value !== 0)) throw wrongValue(`${value} with the step ${scale}`);
}

function wrongValue(what: string): ArtifactError {
  return artifactFault("wrong-quantisation", `The update's 8-bit values are not in their one form: ${what}`);
}
