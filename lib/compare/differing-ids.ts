/**
 * Second pass: finds the ids of the differing buckets that differ. Each side sends, bucket by bucket, the sorted pairs of id and
 * row hash as bytes (16 a row: the driver parses 35,000 buckets and not 2.2M rows). The pairs are merged as they arrive.
 *
 * Memory does not grow with the table, whatever its key is. A table whose key has no order that both sides share, such as text, is
 * one range, so its buckets grow with it. Then fewer buckets are fetched at a time, down to one. One bucket is the limit: a bucket
 * of a table of a billion rows has 30,000 rows, which is half a megabyte.
 */
import { both } from '../db/both.ts';
import type { Client } from '../db/client.ts';
import { type ArrayOf, holdTable, readAs, type TableQuery } from '../node/table-reader.ts';
import type { RangeSums } from './checksum.ts';
import type { SidePlan, TablePlan } from './plan.ts';
import { readOnly, type Sides } from './sides.ts';

/** `pairs`: id and row hash, 8 bytes each; without a key: row hash, and the number of rows that have it. */
interface Bucket {
  bucket: bigint;
  pairs: Buffer;
}

const PAIR_BYTES = 16;
const MAX_FETCHED_BUCKETS = 500;
/** Half a megabyte. If the key is a whole number, a range has 4 million rows, and about 260 buckets are fetched at a time. */
const FETCHED_PAIRS = 32_000;
const NONE = Buffer.alloc(0);

function bucketsOf(side: SidePlan, { range, differing }: RangeSums): TableQuery {
  const sql = (array: ArrayOf) => {
    const buckets = array(differing, 'int8');
    const wanted = (id: string) => `join unnest(${buckets}) as b(bucket) on b.bucket = ${side.bucketOf(id)}`;
    // `offset 0`: hashes are computed before the sort, so that the sort handles 24 bytes a row and not the whole row.
    const rows =
      side.keyEquals.length > 0
        ? `select b.bucket, ${side.id} as id, ${side.rowHash} as value
             from ${side.from} ${wanted(`(${side.id})`)} where ${range} offset 0`
        : `select b.bucket, h.id, count(*) as value
             from (select ${side.rowHash} as id from ${side.from} where ${range} offset 0) as h ${wanted('h.id')}
            group by 1, 2`;
    return `select q.bucket, string_agg(int8send(q.id) || int8send(q.value), ''::bytea order by q.id, q.value) as pairs
              from (${rows}) as q group by 1 order by 1`;
  };
  return { columns: 'bucket int8, pairs bytea', sql };
}

/** A sorted list of buckets, read from a cursor of the client's transaction. */
class BucketList {
  readonly #client: Client;
  readonly #fetched: number;
  #buckets: Bucket[] = [];
  #at = 0;
  #ended = false;

  constructor(client: Client, { mostRows }: RangeSums) {
    this.#client = client;
    const fitting = Math.floor(FETCHED_PAIRS / Math.max(1, mostRows));
    this.#fetched = Math.max(1, Math.min(MAX_FETCHED_BUCKETS, fitting));
  }

  async open(side: SidePlan, sums: RangeSums): Promise<void> {
    await holdTable(this.#client, side.reader);
    await this.#client.query(`set local cursor_tuple_fraction = 1; set local work_mem = '64MB'`);
    const { text, values } = readAs(side.reader, bucketsOf(side, sums));
    await this.#client.query(`declare pgtide_buckets no scroll cursor for ${text}`, values);
    await this.fill();
  }

  async fill(): Promise<void> {
    if (!this.empty) return;
    this.#buckets = await this.#client.query<Bucket & Record<string, unknown>>(
      `fetch ${this.#fetched} from pgtide_buckets`,
    );
    this.#at = 0;
    this.#ended = this.#buckets.length === 0;
  }

  get head(): Bucket | undefined {
    return this.#buckets[this.#at];
  }

  /** True if the next bucket must be fetched first. */
  get empty(): boolean {
    return !this.#ended && this.#at >= this.#buckets.length;
  }

  /** Returns the pairs of this bucket; none if the list does not contain it. */
  take(bucket: bigint): Buffer {
    const { head } = this;
    if (head?.bucket !== bucket) return NONE;
    this.#at += 1;
    return head.pairs;
  }
}

/** Called with each differing id, and with the difference between the two sides' numbers of rows (at least 1). */
export type Found = (id: bigint, rows: number) => void;

/** Calls `found` with every id of the range's differing buckets under which the sides differ. */
export async function findDifferingIds(
  sides: Sides,
  plan: TablePlan,
  { sums, found }: { sums: RangeSums; found: Found },
): Promise<void> {
  const provider = new BucketList(sides.provider, sums);
  const subscriber = new BucketList(sides.subscriber, sums);
  const counted = plan.keyColumns.length === 0;
  await readOnly(sides.subscriber, sides.budget, () =>
    readOnly(sides.provider, sides.budget, async () => {
      await both(provider.open(plan.provider, sums), subscriber.open(plan.subscriber, sums));
      for (;;) {
        if (provider.empty || subscriber.empty) await both(provider.fill(), subscriber.fill());
        const bucket = smaller(provider.head?.bucket, subscriber.head?.bucket);
        if (bucket === undefined) return;
        comparePairs(provider.take(bucket), subscriber.take(bucket), { counted, found });
      }
    }),
  );
}

function smaller(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one <= other ? one : other;
}

/** Merges two sorted lists of pairs. `counted`: a pair's second half is a number of rows. */
export function comparePairs(
  provider: Buffer,
  subscriber: Buffer,
  { counted, found }: { counted: boolean; found: Found },
): void {
  if (provider.equals(subscriber)) return;
  const [left, right] = [new PairRuns(provider), new PairRuns(subscriber)];
  for (;;) {
    const id = smaller(left.id, right.id);
    if (id === undefined) return;
    const [one, other] = [left.take(id), right.take(id)];
    if (one.equals(other)) continue;
    const rows = (run: Buffer) =>
      counted && run.length > 0 ? Number(run.readBigInt64BE(8)) : run.length / PAIR_BYTES;
    found(id, Math.max(1, Math.abs(rows(one) - rows(other))));
  }
}

/** The pairs of one bucket, in runs of the same id. */
class PairRuns {
  readonly #pairs: Buffer;
  #at = 0;

  constructor(pairs: Buffer) {
    this.#pairs = pairs;
  }

  get id(): bigint | undefined {
    return this.#at < this.#pairs.length ? this.#pairs.readBigInt64BE(this.#at) : undefined;
  }

  take(id: bigint): Buffer {
    const from = this.#at;
    while (this.id === id) this.#at += PAIR_BYTES;
    return this.#pairs.subarray(from, this.#at);
  }
}
