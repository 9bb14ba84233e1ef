const WIDE = 100; // of the drawing, in its own units

/** A rhythm as dots on a line, as far apart as its claps. */
export function Rhythm({ intervals }: { intervals: number[] }) {
  const whole = intervals.reduce((sum, one) => sum + one, 0) || 1;
  let at = 0;
  const places = [0, ...intervals.map((one) => (at += one))].map((one) => 6 + (one / whole) * (WIDE - 12));
  return (
    <svg class="rhythm" viewBox={`0 0 ${WIDE} 12`} aria-hidden="true">
      <path d={`M6 6H${WIDE - 6}`} />
      {places.map((x, index) => <circle key={index} cx={x} cy="6" r="4.5" />)}
    </svg>
  );
}
