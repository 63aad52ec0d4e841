const ORIENTATION = 0x0112;
const SHORT = 3;
const LONG = 4;

/**
 * The orientation, 1 to 8, that EXIF data (a TIFF header and its first directory) states; 1 where it states none, or is damaged,
 * which is no reason to refuse the picture.
 */
export function exifOrientation(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  if (tiff.length < 8) return 1;
  const order = String.fromCharCode(tiff[0] ?? 0, tiff[1] ?? 0);
  if (order !== "II" && order !== "MM") return 1;
  const isLittle = order === "II";
  if (view.getUint16(2, isLittle) !== 42) return 1;
  const directory = view.getUint32(4, isLittle);
  if (directory + 2 > tiff.length) return 1;
  const entries = view.getUint16(directory, isLittle);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + 12 * i;
    if (at + 12 > tiff.length) return 1;
    if (view.getUint16(at, isLittle) !== ORIENTATION) continue;
    const type = view.getUint16(at + 2, isLittle);
    const value =
      type === SHORT
        ? view.getUint16(at + 8, isLittle)
        : type === LONG
          ? view.getUint32(at + 8, isLittle)
          : 1;
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
