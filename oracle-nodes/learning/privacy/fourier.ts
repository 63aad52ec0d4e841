/** A complex signal of a power of two many values. */
export interface Signal {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/** The discrete Fourier transform in place: sum_j x_j exp(-2 pi i jk / n). `inverse` gives n times the inverse. */
export function transform({ real, imaginary }: Signal, inverse = false): void {
  const n = real.length;
  const [re, im] = inverse ? [imaginary, real] : [real, imaginary];
  reorder(re, im);
  const cosines = Float64Array.from({ length: n / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / n));
  const sines = Float64Array.from({ length: n / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / n));
  for (let half = 1; half < n; half *= 2) {
    const stride = n / (2 * half);
    for (let start = 0; start < n; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const a = start + k;
        const b = a + half;
        const c = cosines[k * stride] ?? 0;
        const d = sines[k * stride] ?? 0;
        const x = re[b] ?? 0;
        const y = im[b] ?? 0;
        const turnedX = x * c - y * d;
        const turnedY = x * d + y * c;
        re[b] = (re[a] ?? 0) - turnedX;
        im[b] = (im[a] ?? 0) - turnedY;
        re[a] = (re[a] ?? 0) + turnedX;
        im[a] = (im[a] ?? 0) + turnedY;
      }
    }
  }
}

/** Puts each value where the bits of its index, read backwards, say. */
function reorder(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    const [x, y] = [re[i] ?? 0, im[i] ?? 0];
    re[i] = re[j] ?? 0;
    im[i] = im[j] ?? 0;
    re[j] = x;
    im[j] = y;
  }
}
