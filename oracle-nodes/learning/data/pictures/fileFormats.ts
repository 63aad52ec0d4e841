/** Formats of pictures that are not read, by the ending of a file's name. */
const OTHER_FORMATS: Readonly<Record<string, string>> = {
  webp: "WebP",
  bmp: "BMP",
  dib: "BMP",
  gif: "GIF",
  tif: "TIFF",
  tiff: "TIFF",
  heic: "HEIC",
  heif: "HEIC",
  avif: "AVIF",
  jxl: "JPEG XL",
  jp2: "JPEG 2000",
  j2k: "JPEG 2000",
  svg: "SVG",
  ico: "ICO",
  psd: "Photoshop",
  tga: "TGA",
  ppm: "Netpbm",
  pgm: "Netpbm",
  pbm: "Netpbm",
  pnm: "Netpbm",
  exr: "OpenEXR",
  dcm: "DICOM",
  dng: "camera raw",
  cr2: "camera raw",
  nef: "camera raw",
  arw: "camera raw",
};
const READ = /\.(png|jpe?g|jpe|jfif)$/i;

/** Whether a file's name says that it is a picture that is read. */
export function isPictureName(name: string): boolean {
  return READ.test(name);
}

/** The format that a file's name claims, of those that are not read. */
export function otherFormatOf(name: string): string | undefined {
  const ending = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(OTHER_FORMATS, ending) ? OTHER_FORMATS[ending] : undefined;
}

/** What a file's first bytes say that it is, in words; undefined where they say nothing that is known. */
export function formatOfBytes(bytes: Uint8Array): string | undefined {
  const text = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return "WebP";
  if (text(0, 4) === "GIF8") return "GIF";
  if (text(0, 2) === "BM") return "BMP";
  if (text(0, 4) === "II*\0" || text(0, 4) === "MM\0*") return "TIFF";
  if (text(4, 8) === "ftyp") return /avi[fs]/.test(text(8, 12)) ? "AVIF" : "HEIC";
  if (/^\s*<(svg|\?xml)/i.test(text(0, 60))) return "SVG";
  if (/^\s*<(!doctype )?html/i.test(text(0, 60))) return "a web page";
  return undefined;
}
