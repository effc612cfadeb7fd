/** Numbers in a form for people. */
const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export function count(value: number | bigint): string {
  return grouped.format(value);
}

/** `1 table`, `2 tables`. */
export function plural(value: number | bigint, noun: string): string {
  return `${count(value)} ${noun}${Number(value) === 1 ? '' : 's'}`;
}

/** `0 events`, `up to 2 events`: the number according to the queue's event ids, see Lag.pendingEvents. */
export function upTo(value: number | bigint, noun: string): string {
  return `${Number(value) === 0 ? '' : 'up to '}${plural(value, noun)}`;
}

/** `up to 1 event waits`, `up to 2 events wait`. */
export function waiting(events: number | null): string {
  if (events === null) return 'events unknown';
  return `${upTo(events, 'event')} ${events === 1 ? 'waits' : 'wait'}`;
}

/** `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [large, small, unit] =
    whole < 3600 ? [60, 1, 'min s'] : whole < 86_400 ? [3600, 60, 'h min'] : [86_400, 3600, 'd h'];
  const [first, second] = unit.split(' ');
  const rest = Math.floor((whole % large) / small);
  return `${Math.floor(whole / large)} ${first}${rest > 0 ? ` ${rest} ${second}` : ''}`;
}

/** Pads columns to their widest cell; numbers (given as such) are aligned to the right. */
export function columns(rows: readonly (readonly (string | number | bigint)[])[]): string[] {
  const text = (cell: string | number | bigint) => (typeof cell === 'string' ? cell : count(cell));
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, text(cell).length);
    });
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return typeof cell === 'string' ? cell.padEnd(width) : text(cell).padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
