import { crc32, deflateSync } from "node:zlib";

/** A PNG as its specification says, of any colour type, depth, filter and interlacing; for tests of what decodes them. */
export interface PngParts {
  readonly width: number;
  readonly height: number;
  readonly depth: 1 | 2 | 4 | 8 | 16;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  readonly colourType: 0 | 2 | 3 | 4 | 6;
  /** A sample of a pixel, below 2^depth. */
  readonly sample: (x: number, y: number, channel: number) => number;
  readonly isInterlaced?: boolean;
  /** RGB entries. */
  readonly palette?: readonly (readonly number[])[];
  readonly transparency?: Uint8Array;
  /** TIFF data with an orientation. */
  readonly exif?: Uint8Array;
}

const SAMPLES = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;
/** The pass of each pixel of an 8 x 8 tile, as the specification draws it. */
const TILE = ["16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777"];

export function encodePng(parts: PngParts): Uint8Array {
  const { width, height, depth, colourType, isInterlaced = false, palette, transparency, exif } = parts;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([depth, colourType, 0, 0, isInterlaced ? 1 : 0], 8);
  return Buffer.concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    ...(exif === undefined ? [] : [chunk("eXIf", exif)]),
    ...(palette === undefined ? [] : [chunk("PLTE", Uint8Array.from(palette.flat()))]),
    ...(transparency === undefined ? [] : [chunk("tRNS", transparency)]),
    chunk("IDAT", deflateSync(scanLines(parts))),
    chunk("IEND", new Uint8Array()),
  ]);
}

export function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(Buffer.from(type, "latin1"), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** Rows with a filter each, all filters in turn. */
function scanLines({ width, height, depth, colourType, sample, isInterlaced = false }: PngParts): Uint8Array {
  const channels = SAMPLES[colourType];
  const passes = isInterlaced ? [1, 2, 3, 4, 5, 6, 7] : [0];
  const lines: number[] = [];
  let filter = 0;
  for (const pass of passes) {
    let above: number[] = [];
    for (let y = 0; y < height; y++) {
      const columns = Array.from({ length: width }, (_, x) => x).filter(
        (x) => pass === 0 || Number(TILE[y % 8]?.[x % 8]) === pass,
      );
      if (columns.length === 0) continue;
      const bits = columns.flatMap((x) =>
        Array.from({ length: channels }, (_, c) => sample(x, y, c).toString(2).padStart(depth, "0")),
      );
      const text = bits.join("");
      const raw = Array.from({ length: Math.ceil(text.length / 8) }, (_, i) =>
        Number.parseInt(text.slice(8 * i, 8 * i + 8).padEnd(8, "0"), 2),
      );
      lines.push(filter, ...filtered(raw, above, filter, Math.max(1, (channels * depth) / 8)));
      above = raw;
      filter = (filter + 1) % 5;
    }
  }
  return Uint8Array.from(lines);
}

function filtered(raw: readonly number[], above: readonly number[], filter: number, step: number): number[] {
  return raw.map((byte, i) => {
    const [a, b, c] = [raw[i - step] ?? 0, above[i] ?? 0, i < step ? 0 : (above[i - step] ?? 0)];
    const p = a + b - c;
    const nearest = [a, b, c].reduce((best, value) =>
      Math.abs(p - value) < Math.abs(p - best) ? value : best,
    );
    const predicted = [0, a, b, Math.floor((a + b) / 2), nearest][filter] ?? 0;
    return (byte - predicted) & 255;
  });
}

/** TIFF data whose first directory states an orientation, after another entry. */
export function exifOf(orientation: number, order: "II" | "MM" = "MM", type = 3): Uint8Array {
  const isLittle = order === "II";
  const bytes = new Uint8Array(8 + 2 + 24 + 4);
  const view = new DataView(bytes.buffer);
  bytes.set(Buffer.from(order, "latin1"));
  view.setUint16(2, 42, isLittle);
  view.setUint32(4, 8, isLittle);
  view.setUint16(8, 2, isLittle);
  [0x0100, 0x0112].forEach((tag, i) => {
    const at = 10 + 12 * i;
    view.setUint16(at, tag, isLittle);
    view.setUint16(at + 2, type, isLittle);
    view.setUint32(at + 4, 1, isLittle);
    const value = tag === 0x0112 ? orientation : 9;
    if (type === 4) view.setUint32(at + 8, value, isLittle);
    else view.setUint16(at + 8, value, isLittle);
  });
  return bytes;
}

/** A JPEG with EXIF data put behind its first marker. */
export function withExif(jpeg: Uint8Array, exif: Uint8Array): Uint8Array {
  const data = Buffer.concat([Buffer.from("Exif\0\0", "latin1"), exif]);
  const head = Uint8Array.of(0xff, 0xe1, (data.length + 2) >> 8, (data.length + 2) & 255);
  return Buffer.concat([jpeg.subarray(0, 2), head, data, jpeg.subarray(2)]);
}
