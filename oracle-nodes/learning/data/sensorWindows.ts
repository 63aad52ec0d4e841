import { WINDOW } from "./ownTerms.ts";

/** A recording of one sensor: times in ms, ascending, and three axes at each. */
export interface Recording {
  readonly times: Float64Array;
  /** [times.length, 3] row-major. */
  readonly values: Float32Array;
}

/** Ms between two samples at 50 Hz. */
const TICK = 20;
/** Ms between two samples beyond which nothing is interpolated. */
const MAX_GAP = 200;
/** Samples from one window to the next. */
const STRIDE = 64;
/** Windows of a segment: about 11.5 s. */
const WINDOWS_OF_SEGMENT = 8;
const SEGMENT = STRIDE * (WINDOWS_OF_SEGMENT - 1) + WINDOW;

/**
 * Brings recordings of several sensors to a common clock of 50 Hz by linear interpolation, and cuts the result into segments
 * of half-overlapping windows of 128 samples. Windows of different segments share no sample, so that segments can be divided
 * into training and test data. Where a sensor paused, a segment ends.
 *
 * @returns Segments of up to 8 windows, each window [128, 3 * recordings.length] row-major.
 */
export function cutSegments(recordings: readonly Recording[]): Float32Array[][] {
  const start = Math.max(...recordings.map(({ times }) => times[0] ?? Infinity));
  const end = Math.min(...recordings.map(({ times }) => times.at(-1) ?? -Infinity));
  const channels = 3 * recordings.length;
  const ticks = Math.max(0, Math.floor((end - start) / TICK) + 1);
  const aligned = new Float32Array(ticks * channels);
  const isHole = new Uint8Array(ticks);
  recordings.forEach(({ times, values }, sensor) => {
    for (let tick = 0, next = 1; tick < ticks; tick++) {
      const time = start + tick * TICK;
      while (next < times.length - 1 && (times[next] ?? 0) < time) next++;
      const [before, after] = [times[next - 1] ?? 0, times[next] ?? 0];
      if (after - before > MAX_GAP) isHole[tick] = 1;
      const share = after === before ? 0 : (time - before) / (after - before);
      for (let axis = 0; axis < 3; axis++) {
        const [a, b] = [values[3 * (next - 1) + axis] ?? 0, values[3 * next + axis] ?? 0];
        aligned[tick * channels + 3 * sensor + axis] = a + share * (b - a);
      }
    }
  });
  const segments: Float32Array[][] = [];
  for (let tick = 0; tick + WINDOW <= ticks;) {
    const hole = isHole.subarray(tick, tick + SEGMENT).indexOf(1);
    const length = Math.min(SEGMENT, ticks - tick, hole < 0 ? SEGMENT : hole);
    const windows: Float32Array[] = [];
    for (let at = 0; at + WINDOW <= length; at += STRIDE) {
      windows.push(aligned.slice((tick + at) * channels, (tick + at + WINDOW) * channels));
    }
    if (windows.length > 0) segments.push(windows);
    tick += hole < 0 ? length : hole + 1;
  }
  return segments;
}
