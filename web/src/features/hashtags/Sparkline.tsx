import styles from "./Sparkline.module.css";
import type { HashtagUse } from "./queries";

const WIDTH = 64;
const HEIGHT = 24;
/** Half of the line's width, so that its peaks are not cut. */
const EDGE = 1.5;

/** How many people used a hashtag in each of the last 24 hours, as a line. It decorates. */
export function Sparkline({ history }: { history: HashtagUse["history"] }) {
  const counts = history.map((hour) => hour.authors_count);
  const most = Math.max(...counts);
  if (counts.length < 2 || most === 0) return null;
  const points = counts.map((count, index) => {
    const x = (index / (counts.length - 1)) * (WIDTH - 2 * EDGE) + EDGE;
    const y = HEIGHT - EDGE - (count / most) * (HEIGHT - 2 * EDGE);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg
      className={styles.sparkline}
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      aria-hidden
      data-testid="sparkline"
    >
      <polygon points={`${EDGE},${HEIGHT} ${points.join(" ")} ${WIDTH - EDGE},${HEIGHT}`} />
      <polyline points={points.join(" ")} />
    </svg>
  );
}
