import { unzlibSync } from "fflate";
import { type Picture, checkPixels } from "./pixels.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Samples of a pixel by colour type, and the bit depths it may have. */
const COLOUR_TYPES: Readonly<
  Record<number, { readonly samples: number; readonly depths: readonly number[] }>
> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};
const PALETTE = 3;
/** Adam7: the first column and row of each pass, and the steps between its columns and rows. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
const PLAIN = [[0, 0, 1, 1]] as const;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly samples: number;
  readonly isInterlaced: boolean;
}

/** What a PNG's chunks hold. */
interface Chunks {
  readonly header: Header;
  readonly palette: Uint8Array | undefined;
  readonly transparency: Uint8Array | undefined;
  readonly exif: Uint8Array | undefined;
  /** Still compressed. */
  readonly pixels: Uint8Array;
}

export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/**
 * Decodes a PNG of any colour type, depth and interlacing (PNG, third edition): 8 bits a channel, grey (1), grey and alpha (2), RGB
 * (3) or RGBA (4); of 16 bits the upper 8. Colour profiles and gamma are not applied.
 * @throws {Error} when it is damaged, cut short, or larger than a picture of a dataset.
 */
export function decodePng(bytes: Uint8Array): { picture: Picture; exif: Uint8Array | undefined } {
  const chunks = readChunks(bytes);
  const { width, height, colourType, depth } = chunks.header;
  const samples = readSamples(chunks);
  const hasAlpha = chunks.transparency !== undefined;
  const opaque = colourType === PALETTE ? 3 : chunks.header.samples;
  if (samples instanceof Uint8Array && depth === 8 && colourType !== PALETTE && !hasAlpha)
    return { picture: { width, height, channels: opaque, data: samples }, exif: chunks.exif };
  const channels = opaque + (hasAlpha ? 1 : 0);
  const data = new Uint8Array(width * height * channels);
  const write = pixelWriter(chunks);
  for (let pixel = 0; pixel < width * height; pixel++) write(samples, pixel, data, pixel * channels);
  return { picture: { width, height, channels, data }, exif: chunks.exif };
}

function readChunks(bytes: Uint8Array): Chunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  const found = new Map<string, Uint8Array>();
  let header: Header | undefined;
  for (let at = SIGNATURE.length; ;) {
    if (at + 12 > bytes.length) throw new Error("it is cut short");
    const length = view.getUint32(at);
    if (length > bytes.length - at - 12) throw new Error("it is cut short");
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length))
      throw new Error(`it is damaged in its part ${printable(type)}`);
    at += 12 + length;
    if (type === "IHDR") header ??= readHeader(data);
    else if (header === undefined) throw new Error("it has no header");
    else if (type === "IDAT") parts.push(data);
    else if (type === "IEND") break;
    else if (type === "PLTE" || type === "tRNS" || type === "eXIf") found.set(type, found.get(type) ?? data);
    // A capital letter says that nobody may pass over what he does not know.
    else if (/^[A-Z]/.test(type)) throw new Error(`it has an unknown part ${printable(type)}`);
  }
  const palette = found.get("PLTE");
  if (header.colourType === PALETTE && palette === undefined) throw new Error("it has no palette");
  const pixels = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (pixels.set(part, at), at + part.length), 0);
  const isOpaque = header.colourType === 4 || header.colourType === 6;
  const transparency = isOpaque ? undefined : found.get("tRNS");
  return { header, palette, transparency, exif: found.get("eXIf"), pixels };
}

function readHeader(data: Uint8Array): Header {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length !== 13) throw new Error("its header is damaged");
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth = 0, colourType = 0, compression, filter, interlace] = data.subarray(8);
  const kind = COLOUR_TYPES[colourType];
  if (!kind?.depths.includes(depth) || compression !== 0 || filter !== 0 || (interlace ?? 2) > 1)
    throw new Error("its header is not that of a known kind of PNG");
  checkPixels(width, height);
  return { width, height, depth, colourType, samples: kind.samples, isInterlaced: interlace === 1 };
}

/** All samples, [height, width, samples] row-major, as they stand in the file. */
function readSamples({ header, pixels }: Chunks): Uint8Array | Uint16Array {
  const { width, height, depth, samples, isInterlaced } = header;
  const passes = (isInterlaced ? ADAM7 : PLAIN)
    .map(([column, row, columns, rows]) => ({
      column,
      row,
      columns,
      rows,
      width: Math.ceil((width - column) / columns),
      height: Math.ceil((height - row) / rows),
    }))
    // A pass without pixels has no rows in the file, not even empty ones.
    .filter((pass) => pass.width > 0 && pass.height > 0);
  const rowBytes = (pixelsOfRow: number) => Math.ceil((pixelsOfRow * samples * depth) / 8);
  const size = passes.reduce((sum, pass) => sum + pass.height * (1 + rowBytes(pass.width)), 0);
  const raw = unzlibSync(pixels, { out: new Uint8Array(size) });
  if (raw.length < size) throw new Error("it is cut short");

  const all =
    depth === 16 ? new Uint16Array(width * height * samples) : new Uint8Array(width * height * samples);
  const step = Math.max(1, (samples * depth) / 8);
  let at = 0;
  for (const pass of passes) {
    const length = rowBytes(pass.width);
    let above = new Uint8Array(length);
    for (let y = 0; y < pass.height; y++) {
      const filter = raw[at++] ?? 0;
      const row = raw.subarray(at, at + length);
      unfilter(filter, row, above, step);
      at += length;
      above = row;
      if (depth === 8 && !isInterlaced) {
        all.set(row, y * length);
        continue;
      }
      for (let x = 0; x < pass.width; x++) {
        const pixel = (pass.row + y * pass.rows) * width + pass.column + x * pass.columns;
        for (let i = 0; i < samples; i++) all[pixel * samples + i] = sampleAt(row, x * samples + i, depth);
      }
    }
  }
  return all;
}

function sampleAt(row: Uint8Array, index: number, depth: number): number {
  if (depth === 8) return row[index] ?? 0;
  if (depth === 16) return ((row[2 * index] ?? 0) << 8) | (row[2 * index + 1] ?? 0);
  const bit = index * depth;
  return ((row[bit >> 3] ?? 0) >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

/** Undoes a row's filter in place. @param step Bytes from a pixel to the one on its left. */
function unfilter(filter: number, row: Uint8Array, above: Uint8Array, step: number): void {
  if (filter > 4) throw new Error("its pixels are damaged");
  // One loop for each filter: a choice for each byte would take most of the time.
  if (filter === 1) {
    for (let i = step; i < row.length; i++) row[i] = (row[i] ?? 0) + (row[i - step] ?? 0);
  } else if (filter === 2) {
    for (let i = 0; i < row.length; i++) row[i] = (row[i] ?? 0) + (above[i] ?? 0);
  } else if (filter === 3) {
    for (let i = 0; i < row.length; i++) {
      const left = i < step ? 0 : (row[i - step] ?? 0);
      row[i] = (row[i] ?? 0) + ((left + (above[i] ?? 0)) >> 1);
    }
  } else if (filter === 4) {
    for (let i = 0; i < row.length; i++) {
      const left = i < step ? 0 : (row[i - step] ?? 0);
      const corner = i < step ? 0 : (above[i - step] ?? 0);
      row[i] = (row[i] ?? 0) + paeth(left, above[i] ?? 0, corner);
    }
  }
}

/** The nearest of the three to left + up - corner. */
function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const a = Math.abs(estimate - left);
  const b = Math.abs(estimate - up);
  const c = Math.abs(estimate - corner);
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

type PixelWriter = (samples: ArrayLike<number>, pixel: number, data: Uint8Array, at: number) => void;

/** Turns a pixel's samples into bytes, with alpha where the file says which colours are transparent. */
function pixelWriter({ header, palette, transparency }: Chunks): PixelWriter {
  const { depth, samples: count, colourType } = header;
  if (colourType === PALETTE && palette !== undefined) {
    const size = Math.floor(palette.length / 3);
    return (samples, pixel, data, at) => {
      const index = samples[pixel] ?? 0;
      if (index >= size) throw new Error("a pixel has a colour that its palette lacks");
      data.set(palette.subarray(3 * index, 3 * index + 3), at);
      if (transparency !== undefined) data[at + 3] = transparency[index] ?? 255;
    };
  }
  const toByte = depth === 16 ? (x: number) => x >> 8 : (x: number) => (x * 255) / ((1 << depth) - 1);
  const clear = transparency && clearColour(transparency, count);
  return (samples, pixel, data, at) => {
    let isClear = clear !== undefined;
    for (let i = 0; i < count; i++) {
      const sample = samples[pixel * count + i] ?? 0;
      data[at + i] = toByte(sample);
      if (sample !== clear?.[i]) isClear = false;
    }
    if (clear !== undefined) data[at + count] = isClear ? 0 : 255;
  };
}

/** The one colour that is transparent, as samples of the file's depth. */
function clearColour(transparency: Uint8Array, samples: number): readonly number[] {
  if (transparency.length !== 2 * samples) throw new Error("its transparent colour is damaged");
  return Array.from(
    { length: samples },
    (_, i) => ((transparency[2 * i] ?? 0) << 8) | (transparency[2 * i + 1] ?? 0),
  );
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  return crc;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffff_ffff) >>> 0;
}

function printable(type: string): string {
  return /^[A-Za-z]{4}$/.test(type) ? type : "without a name";
}
