import type { Dataset, Split } from "./dataset.ts";
import { DIGIT_GLYPHS, type Point, type Stroke } from "./digitGlyphs.ts";
import { OFFICIAL_TERMS } from "./officialTerms.ts";
import { SeededRandom } from "../seededRandom.ts";

const SIZE = 16;
const CLASSES = 10;
const TRAIN_COUNT = 6000;
const TEST_COUNT = 1000;
/** Changing anything that is drawn changes this seed's pinned digest, and so what `digits` means. */
const SEED = 1;
/** Straight pieces between two control points of a curve. */
const PIECES = 5;

let drawn: Dataset | undefined;

/**
 * The built-in dataset: procedural handwriting, 16 x 16 grey pixels, ten classes in equal numbers, 6,000 training and
 * 1,000 test images. Every image takes one of its digit's glyphs, moves its control points, slants, turns, scales
 * and shifts it, and draws it with a pen of random width and ink over a noisy background. It uses only additions,
 * products, quotients and square roots, so its bytes are the same everywhere.
 */
export function digits(): Dataset {
  drawn ??= {
    ...OFFICIAL_TERMS.digits,
    train: drawSplit("train", TRAIN_COUNT),
    test: drawSplit("test", TEST_COUNT),
  };
  return drawn;
}

function drawSplit(name: string, count: number): Split {
  const random = new SeededRandom(SEED, "digits", name);
  const images = new Uint8Array(count * SIZE * SIZE);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % CLASSES);
  labels.forEach((label, i) =>
    drawDigit(label, random, images.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE)),
  );
  return { features: images, labels, count };
}

/** Draws one handwritten digit into `image`, [SIZE, SIZE] row-major. */
function drawDigit(digit: number, random: SeededRandom, image: Uint8Array): void {
  const glyphs = DIGIT_GLYPHS[digit] ?? [];
  const glyph = glyphs[random.below(glyphs.length)] ?? [];
  const move = randomAffine(random);
  const ink = new Float64Array(SIZE * SIZE);
  const halfWidth = random.uniform(0.45, 1.15);
  const softness = random.uniform(0.7, 1.6);
  for (const stroke of glyph) {
    const path = flatten(jitter(stroke, random)).map(move);
    for (let i = 1; i < path.length; i++) drawLine(ink, path[i - 1], path[i], halfWidth, softness);
  }
  const darkness = random.uniform(150, 255);
  const grain = random.uniform(8, 48);
  for (let i = 0; i < image.length; i++) {
    const value = (ink[i] ?? 0) * darkness + grain * random.uniform(-1, 1);
    image[i] = Math.max(0, Math.min(255, Math.floor(value + 0.5)));
  }
}

/** Moves each control point a little: no two hands are the same. */
function jitter({ points, smooth }: Stroke, random: SeededRandom): Stroke {
  const shake = random.uniform(0.01, 0.05);
  return {
    smooth,
    points: points.map(([x, y]) => [x + shake * random.normal(), y + shake * random.normal()]),
  };
}

/** The points of a stroke as a chain of straight lines: Catmull-Rom splines for smooth ones. */
function flatten({ points, smooth }: Stroke): Point[] {
  if (!smooth) return [...points];
  const at = (i: number): Point => points[Math.max(0, Math.min(points.length - 1, i))] ?? [0, 0];
  const path: Point[] = [at(0)];
  for (let i = 0; i + 1 < points.length; i++) {
    const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    for (let piece = 1; piece <= PIECES; piece++) {
      const t = piece / PIECES;
      path.push([catmullRom(a[0], b[0], c[0], d[0], t), catmullRom(a[1], b[1], c[1], d[1], t)]);
    }
  }
  return path;
}

function catmullRom(a: number, b: number, c: number, d: number, t: number): number {
  return 0.5 * (2 * b + t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))));
}

/** From the unit square to pixels: scale, slant, rotation by an angle of half-tangent h, shift. */
function randomAffine(random: SeededRandom): (point: Point) => Point {
  const h = random.uniform(-0.17, 0.17);
  const cos = (1 - h * h) / (1 + h * h);
  const sin = (2 * h) / (1 + h * h);
  const slant = random.uniform(-0.35, 0.35);
  const width = random.uniform(0.6, 0.95) * SIZE;
  const height = random.uniform(0.68, 0.98) * SIZE;
  const shiftX = SIZE / 2 + random.uniform(-1.6, 1.6);
  const shiftY = SIZE / 2 + random.uniform(-1.3, 1.3);
  return ([x, y]) => {
    const v = (y - 0.5) * height;
    const u = (x - 0.5) * width - slant * v;
    return [shiftX + cos * u - sin * v, shiftY + sin * u + cos * v];
  };
}

/** Adds a line with soft edges: ink 1 inside of the pen, falling to 0 over `softness` pixels around its rim. */
function drawLine(
  ink: Float64Array,
  from: Point | undefined,
  to: Point | undefined,
  halfWidth: number,
  softness: number,
): void {
  if (from === undefined || to === undefined) return;
  const [x0, y0] = from;
  const [dx, dy] = [to[0] - x0, to[1] - y0];
  const reach = halfWidth + softness;
  const lengthSquared = dx * dx + dy * dy;
  const columns = pixelRange(Math.min(x0, to[0]) - reach, Math.max(x0, to[0]) + reach);
  const rows = pixelRange(Math.min(y0, to[1]) - reach, Math.max(y0, to[1]) + reach);
  for (let row = rows.first; row <= rows.last; row++) {
    for (let column = columns.first; column <= columns.last; column++) {
      const [px, py] = [column + 0.5 - x0, row + 0.5 - y0];
      const along = lengthSquared === 0 ? 0 : Math.max(0, Math.min(1, (px * dx + py * dy) / lengthSquared));
      const [ex, ey] = [px - along * dx, py - along * dy];
      const value = Math.min(1, (reach - Math.sqrt(ex * ex + ey * ey)) / softness);
      const pixel = row * SIZE + column;
      if (value > (ink[pixel] ?? 0)) ink[pixel] = value;
    }
  }
}

/** The pixels whose centres lie between two coordinates, within the image. */
function pixelRange(low: number, high: number): { first: number; last: number } {
  return { first: Math.max(0, Math.ceil(low - 0.5)), last: Math.min(SIZE - 1, Math.floor(high - 0.5)) };
}
