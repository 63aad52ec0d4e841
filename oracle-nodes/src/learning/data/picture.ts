import { convertIndexedToRgb, decode as decodePng } from "fast-png";
import jpeg from "jpeg-js";

/** A picture as bytes, [height, width, channels] row-major; channels are grey (1), grey and alpha (2), RGB (3) or RGBA (4). */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47];
/** Megapixels that a JPEG may claim; a file that claims more is not one picture of a dataset. */
const MAX_MEGAPIXELS = 100;

/** Decodes a PNG or JPEG by its content, whatever its name says. @throws {Error} when it is neither, or damaged. */
export function decodePicture(bytes: Uint8Array): Picture {
  if (PNG_SIGNATURE.every((byte, i) => bytes[i] === byte)) return decodePngPicture(bytes);
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw new Error("it is neither PNG nor JPEG");
  const { width, height, data } = jpeg.decode(bytes, { useTArray: true, maxResolutionInMP: MAX_MEGAPIXELS });
  return { width, height, channels: 4, data };
}

function decodePngPicture(bytes: Uint8Array): Picture {
  const png = decodePng(bytes, { checkCrc: true });
  const { width, height, depth, data } = png;
  if (png.palette !== undefined || depth < 8) {
    const levels = (1 << depth) - 1;
    const palette = png.palette ?? Array.from({ length: levels + 1 }, (_, level) => [(255 * level) / levels]);
    return {
      width,
      height,
      channels: palette[0]?.length ?? 1,
      data: convertIndexedToRgb({ ...png, palette }),
    };
  }
  const eightBits = Uint8Array.from(data, depth === 16 ? (value) => value >> 8 : undefined);
  return { width, height, channels: png.channels, data: eightBits };
}

/**
 * Brings a picture to a shape: grey by luminance (ITU-R BT.601), colour by repetition, alpha left out; size by bilinear
 * interpolation whose kernel grows with the reduction, so that every pixel counts.
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
