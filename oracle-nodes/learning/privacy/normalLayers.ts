/** Layers of equal area that cover the normal density: a power of two. */
export const LAYERS = 256;
/** The density of the standard normal law, up to a factor. */
export const density = (x: number): number => Math.exp((-x * x) / 2);

/**
 * The ziggurat's layers (Marsaglia and Tsang 2000): layer i >= 1 is the box of |x| < edges[i] between the heights
 * density(edges[i]) and density(edges[i + 1]); layer 0 is the box below density(edges[1]) together with the tail
 * beyond it, edges[0] being the width that a box of this area would have. edges[LAYERS] is 0.
 */
export const EDGES: Float64Array = edges();

function edges(): Float64Array {
  // With the right edge of the lowest box, the highest one ends at height 1; too small an edge overshoots.
  let [low, high] = [3, 4];
  for (let previous = Number.NaN; (low + high) / 2 !== previous;) {
    previous = (low + high) / 2;
    if (stack(previous).overshoot > 0) low = previous;
    else high = previous;
  }
  return stack(high).edges;
}

/** Stacks boxes of the area that an edge of the lowest one gives. */
function stack(edge: number): { readonly edges: Float64Array; readonly overshoot: number } {
  const area = edge * density(edge) + tailArea(edge);
  const widths = new Float64Array(LAYERS + 1);
  widths.set([area / density(edge), edge]);
  let height = density(edge);
  for (let i = 1; i < LAYERS; i++) {
    height += area / (widths[i] ?? 0);
    if (i + 1 < LAYERS && height >= 1) return { edges: widths, overshoot: LAYERS };
    if (i + 1 < LAYERS) widths[i + 1] = Math.sqrt(-2 * Math.log(height));
  }
  return { edges: widths, overshoot: height - 1 };
}

/** The integral of the density from x to infinity, for x >= 3, by Laplace's continued fraction. */
function tailArea(x: number): number {
  let fraction = x;
  for (let k = 200; k > 0; k--) fraction = x + k / fraction;
  return density(x) / fraction;
}
