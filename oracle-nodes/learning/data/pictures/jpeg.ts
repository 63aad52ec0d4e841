import jpeg from "jpeg-js";
import { MAX_MEGAPIXELS, type Picture } from "./pixels.ts";

const START = 0xd8;
const END = 0xd9;
const SCAN = 0xda;
const APP1 = 0xe1;
/** "Exif" and two zeros. */
const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0];

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === START;
}

/** Decodes a JPEG, baseline or progressive, as RGB. @throws {Error} when it is damaged or cut short. */
export function decodeJpeg(bytes: Uint8Array): { picture: Picture; exif: Uint8Array | undefined } {
  const { exif, scan } = readSegments(bytes);
  // Decoders take what is missing for grey; half a picture is no picture.
  if (scan === undefined || !hasEnd(bytes, scan)) throw new Error("it is cut short");
  const decoded = jpeg.decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    maxResolutionInMP: MAX_MEGAPIXELS,
    tolerantDecoding: false,
  });
  const { width, height, data } = decoded;
  return { picture: { width, height, channels: 3, data }, exif };
}

/** The EXIF data before the picture, and where its first scan begins. */
function readSegments(bytes: Uint8Array): { exif: Uint8Array | undefined; scan: number | undefined } {
  let exif: Uint8Array | undefined;
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) break;
    const marker = bytes[at + 1] ?? 0;
    // A marker may be filled up with further 0xff before it.
    if (marker === 0xff) {
      at++;
      continue;
    }
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    const data = bytes.subarray(at + 4, at + 2 + length);
    if (marker === APP1 && EXIF.every((byte, i) => data[i] === byte)) exif ??= data.subarray(EXIF.length);
    if (marker === SCAN) return { exif, scan: at };
    at += 2 + Math.max(2, length);
  }
  return { exif, scan: undefined };
}

function hasEnd(bytes: Uint8Array, from: number): boolean {
  for (let at = bytes.length - 2; at > from; at--)
    if (bytes[at] === 0xff && bytes[at + 1] === END) return true;
  return false;
}
