import { encode } from "uqr";

/** A QR code to be drawn: `path` fills its dark modules in a square of `size`, one unit a module. */
export interface QrCode {
  readonly size: number;
  readonly path: string;
}

/** Light modules around the code, by which a camera finds it. */
const QUIET_ZONE = 4;

export function qrCode(text: string): QrCode {
  const { data, size } = encode(text, { ecc: "L", border: QUIET_ZONE });
  const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return { size, path: path.join("") };
}
