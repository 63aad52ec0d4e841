import { exifOrientation } from "./pictures/exif.ts";
import { formatOfBytes } from "./pictures/fileFormats.ts";
import { decodeJpeg, isJpeg } from "./pictures/jpeg.ts";
import { overBackground, type Picture, upright } from "./pictures/pixels.ts";
import { decodePng, isPng } from "./pictures/png.ts";

export type { Picture } from "./pictures/pixels.ts";

/** A picture as it is to be seen, and what was done to it for that. */
export interface SeenPicture extends Picture {
  /** Whether the background shows through it somewhere. */
  readonly isTransparent: boolean;
  /** Whether it was turned or mirrored. */
  readonly isTurned: boolean;
}

/** Whether a file's first bytes are those of a PNG or JPEG. */
export function isReadable(bytes: Uint8Array): boolean {
  return isPng(bytes) || isJpeg(bytes);
}

/**
 * Decodes a PNG or JPEG by its content, whatever its name says, as it is to be seen: turned as its EXIF data says, transparency laid
 * over white. Nodes and the page use this same code.
 * @returns A picture of one channel or three. @throws {Error} when it is neither, or damaged.
 */
export function decodePicture(bytes: Uint8Array): SeenPicture {
  if (!isReadable(bytes)) {
    const found = formatOfBytes(bytes);
    throw new Error(
      found === undefined ? "it is neither PNG nor JPEG" : `it is ${found}, neither PNG nor JPEG`,
    );
  }
  const { picture, exif } = isPng(bytes) ? decodePng(bytes) : decodeJpeg(bytes);
  const orientation = exif === undefined ? 1 : exifOrientation(exif);
  const { picture: laid, isTransparent } = overBackground(picture);
  return { ...upright(laid, orientation), isTransparent, isTurned: orientation !== 1 };
}

/**
 * Brings a picture to a shape: grey by luminance (ITU-R BT.601), colour by repetition; size by bilinear
 * interpolation whose kernel grows with the reduction, so that every pixel counts.
 * @param picture Of one channel or three.
 * @returns [height, width, channels] row-major, channels 1 or 3.
 */
export function fitPicture(picture: Picture, height: number, width: number, channels: number): Uint8Array {
  const rows = weightsOf(picture.height, height);
  const columns = weightsOf(picture.width, width);
  const values = new Float32Array(picture.height * width * channels);
  for (let row = 0; row < picture.height; row++) {
    columns.forEach(({ first, weights }, column) => {
      for (let channel = 0; channel < channels; channel++) {
        values[(row * width + column) * channels + channel] = weights.reduce(
          (sum, weight, i) =>
            sum + weight * colour(picture, row * picture.width + first + i, channel, channels),
          0,
        );
      }
    });
  }
  const fitted = new Uint8Array(height * width * channels);
  const rowSize = width * channels;
  rows.forEach(({ first, weights }, row) => {
    for (let i = 0; i < rowSize; i++) {
      const value = weights.reduce(
        (sum, weight, j) => sum + weight * (values[(first + j) * rowSize + i] ?? 0),
        0,
      );
      fitted[row * rowSize + i] = Math.max(0, Math.min(255, Math.floor(value + 0.5)));
    }
  });
  return fitted;
}

/** The value of a pixel in a channel of the wanted kind, grey (of 1) or red, green and blue (of 3). */
function colour({ channels, data }: Picture, pixel: number, channel: number, wanted: number): number {
  const at = pixel * channels;
  if (channels < 3) return data[at] ?? 0;
  if (wanted === 3) return data[at + channel] ?? 0;
  return 0.299 * (data[at] ?? 0) + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0);
}

/** For each of `to` pixels the pixels of `from` that it is made of, with weights that sum to 1 (a triangle). */
function weightsOf(from: number, to: number): { first: number; weights: number[] }[] {
  const scale = from / to;
  const reach = Math.max(1, scale);
  return Array.from({ length: to }, (_, pixel) => {
    const centre = (pixel + 0.5) * scale - 0.5;
    const first = Math.max(0, Math.ceil(centre - reach));
    const last = Math.min(from - 1, Math.floor(centre + reach));
    const raw = Array.from({ length: last - first + 1 }, (_w, i) => 1 - Math.abs(first + i - centre) / reach);
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { first, weights: raw.map((weight) => weight / sum) };
  });
}
