/** Applies events of our capture one by one, by the plainest code. */

export interface Event {
  ev_id: bigint;
  ev_type: string;
  ev_data: string;
  ev_extra2: string | null;
}

/** A row as one text, with its columns in the order of their names. */
export const textOf = (row: Record<string, unknown>): string =>
  JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Applies the events to empty tables. Returns the rows, sorted, and the events that do not find what they should. */
export function applyEvents(events: Event[], keyed: boolean): { rows: string[]; faults: string[] } {
  // Faults before a truncation do not count.
  let faults: string[] = [];
  let rows: string[] = [];
  let byKey = new Map<number, string>();
  const take = (row: string, event: Event) => {
    const at = rows.indexOf(row);
    if (at < 0) faults.push(`${event.ev_id}: ${row} is not there`);
    else rows.splice(at, 1);
  };
  for (const event of events) {
    if (event.ev_type === 'R') {
      faults = [];
      rows = [];
      byKey = new Map();
      continue;
    }
    const op = JSON.parse(event.ev_type).op as 'INSERT' | 'UPDATE' | 'DELETE';
    const data = JSON.parse(event.ev_data) as { id: number };
    if (!keyed) {
      if (op === 'DELETE') take(textOf(data), event);
      if (op === 'UPDATE') take(textOf(JSON.parse(event.ev_extra2 ?? '{}')), event);
      if (op !== 'DELETE') rows.push(textOf(data));
      continue;
    }
    if (byKey.has(data.id) === (op === 'INSERT')) faults.push(`${event.ev_id}: ${op} of ${textOf(data)}`);
    if (op === 'DELETE') byKey.delete(data.id);
    else byKey.set(data.id, textOf(data));
  }
  return { rows: (keyed ? [...byKey.values()] : rows).sort(), faults };
}
