import type { ReactElement } from "react";

const WIDTH = 120;
const HEIGHT = 28;
const PAD = 3;

interface SparklineProps {
  /** In order; at least two are needed for a line. */
  readonly values: readonly number[];
  /** What the line shows, for those who do not see it. */
  readonly label: string;
}

/** A line the size of a word: whether values rose or fell. */
export function Sparkline({ values, label }: SparklineProps): ReactElement | null {
  if (values.length < 2) return null;
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  const spread = greatest - least || 1;
  const points = values.map((value, index) => {
    const x = PAD + (index / (values.length - 1)) * (WIDTH - 2 * PAD);
    const y = HEIGHT - PAD - ((value - least) / spread) * (HEIGHT - 2 * PAD);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  const [x, y] = (points.at(-1) ?? "0 0").split(" ");
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <path d={`M${points.join("L")}`} />
      <circle cx={x} cy={y} r={PAD} />
    </svg>
  );
}
