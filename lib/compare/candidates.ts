/**
 * Second pass: the rows of differing buckets, from both sides in the order of their ids, merged as they come, so that
 * memory does not grow with the table. What differs is a candidate; lib/compare/confirm.ts judges it.
 */
import type { Client } from '../db/client.ts';
import { both, type RangeSums, readOnly, type Sides } from './checksum.ts';
import type { SidePlan, TablePlan } from './plan.ts';

/** What one side holds under one id: usually one row; without a key (or with a broken one) maybe several. */
export interface Entry {
  rows: number;
  /** Sum of the rows' hashes. */
  hash: string;
  /** Sum of the rows' `xmin`: another row version, another sum. */
  version: string;
}

export interface Candidate {
  id: bigint;
  /** Null in a table without a key. */
  key: string[] | null;
  subscriber: Entry | undefined;
  provider: Entry | undefined;
}

export interface EntryRow {
  id: bigint;
  rows: bigint;
  hash: string;
  version: string;
  key: string[] | null;
}

export function entryOf(row: EntryRow | undefined): Entry | undefined {
  return row && { rows: Number(row.rows), hash: row.hash, version: row.version };
}

export function differs(one: Entry | undefined, other: Entry | undefined): boolean {
  return one?.rows !== other?.rows || one?.hash !== other?.hash;
}

/** Groups rows (`id`, `hash`, `version`, `key`) into entries. */
export function entriesSql(rows: string): string {
  return `select q.id, count(*) as rows, sum(q.hash)::text as hash, sum(q.version)::text as version, min(q.key) as key
            from (${rows}) as q group by 1 order by 1`;
}

/** The columns of an entry's row, over `t`. */
export function entryColumns(side: SidePlan): string {
  return `${side.id} as id, ${side.rowHash} as hash, t.xmin::text::int8 as version, ${side.keyText} as key`;
}

function listSql(side: SidePlan, range: string): string {
  const wanted = 'join unnest($1::int8[]) as b(bucket) on b.bucket =';
  if (side.keyEquals.length > 0)
    return entriesSql(
      `select ${entryColumns(side)} from ${side.from} ${wanted} ${side.bucketOf(`(${side.id})`)} where ${range}`,
    );
  const hashed = `select ${side.rowHash} as id, t.xmin::text::int8 as version from ${side.from} where ${range} offset 0`;
  return entriesSql(
    `select h.id, h.id as hash, h.version, null::text[] as key from (${hashed}) as h ${wanted} ${side.bucketOf('h.id')}`,
  );
}

const FETCHED_ROWS = 5_000;

/** A sorted list that is read from a cursor of the client's transaction, some thousand rows at a time. */
class EntryList {
  readonly #client: Client;
  #rows: EntryRow[] = [];
  #at = 0;
  #ended = false;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Opens the cursor; this takes the transaction's snapshot. */
  async open(side: SidePlan, sums: RangeSums): Promise<void> {
    const sql = `declare pgtide_entries no scroll cursor for ${listSql(side, sums.range)}`;
    await this.#client.query(sql, [sums.differing]);
  }

  async fill(): Promise<void> {
    if (this.#ended || this.#at < this.#rows.length) return;
    this.#rows = await this.#client.query<EntryRow>(`fetch ${FETCHED_ROWS} from pgtide_entries`);
    this.#at = 0;
    this.#ended = this.#rows.length === 0;
  }

  get head(): EntryRow | undefined {
    return this.#rows[this.#at];
  }

  /** True when the next row must first be fetched. */
  get empty(): boolean {
    return !this.#ended && this.#at >= this.#rows.length;
  }

  take(): EntryRow | undefined {
    return this.#rows[this.#at++];
  }
}

/**
 * Tells `found` every id of the range's differing buckets under which the sides differ. The subscriber is read at a
 * state before the provider's: confirm.ts builds on that order.
 */
export async function listCandidates(
  sides: Sides,
  plan: TablePlan,
  sums: RangeSums,
  found: (candidate: Candidate) => void,
): Promise<void> {
  const subscriber = new EntryList(sides.subscriber);
  const provider = new EntryList(sides.provider);
  await readOnly(sides.subscriber, sides.budget, async () => {
    await subscriber.open(plan.subscriber, sums);
    await readOnly(sides.provider, sides.budget, async () => {
      await provider.open(plan.provider, sums);
      await merge(provider, subscriber, found);
    });
  });
}

async function merge(
  provider: EntryList,
  subscriber: EntryList,
  found: (candidate: Candidate) => void,
): Promise<void> {
  for (;;) {
    if (provider.empty || subscriber.empty) await both(provider.fill(), subscriber.fill());
    const [left, right] = [provider.head, subscriber.head];
    const next = !left ? right : !right || left.id <= right.id ? left : right;
    if (!next) return;
    const candidate = {
      id: next.id,
      key: next.key,
      provider: entryOf(left?.id === next.id ? provider.take() : undefined),
      subscriber: entryOf(right?.id === next.id ? subscriber.take() : undefined),
    };
    if (differs(candidate.provider, candidate.subscriber)) found(candidate);
  }
}
