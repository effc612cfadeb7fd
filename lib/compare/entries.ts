/**
 * Rows of the two sides under an id. They are read by key if the key is known, and otherwise in one scan.
 *
 * Keys of text may have any length, so a scan keeps keys only while there is room for them. An id whose key is not kept is looked
 * up by another scan, and the report does not show it as an example.
 */
import type { Client } from '../db/client.ts';
import { type ArrayOf, holdTable, readAs, readTable, type TableQuery } from '../node/table-reader.ts';
import type { SidePlan, TablePlan } from './plan.ts';
import { readOnly, type Sides } from './sides.ts';

/** The rows of one side under one id: usually one row; without a key (or with a broken key) possibly several. */
export interface Entry {
  rows: number;
  /** Sum of the rows' hashes. */
  hash: string;
  /** Sum of the rows' `xmin`: another row version has another sum. */
  version: string;
}

/** An id under which the sides differed when last read. */
export interface Candidate {
  id: bigint;
  /** Null in a table without a key, or if there was no room for the key. */
  key: string[] | null;
  subscriber: Entry | undefined;
  provider: Entry | undefined;
}

interface EntryRow {
  id: bigint;
  rows: bigint;
  hash: string;
  version: string;
  key: string[] | null;
}

export type Wanted = Pick<Candidate, 'id' | 'key'>;

/** One reading of one side, by id. */
export type Reading = Map<bigint, Entry & { key: string[] | null }>;

export function differs(one: Entry | undefined, other: Entry | undefined): boolean {
  return one?.rows !== other?.rows || one?.hash !== other?.hash;
}

const KEYS_PER_QUERY = 5_000;
const FETCHED_ENTRIES = 1_000;
/** Room for keys: characters for each wanted id, and the minimum for a small number of ids. */
const KEY_CHARACTERS = 160;
const MIN_KEY_CHARACTERS = 1_000_000;

function entries(rows: (array: ArrayOf) => string): TableQuery {
  return {
    columns: 'id int8, rows int8, hash text, version text, key text[]',
    sql: (array) => `
      select q.id, count(*) as rows, sum(q.hash)::text as hash, sum(q.version)::text as version, min(q.key) as key
        from (${rows(array)}) as q group by 1`,
  };
}

const version = 't.xmin::text::int8 as version';

function byId(side: SidePlan, wanted: readonly Wanted[], range: string): TableQuery {
  const join = (array: ArrayOf, id: string) => {
    const ids = wanted.map((one) => one.id);
    return `join unnest(${array(ids, 'int8')}) as w(id) on w.id = ${id}`;
  };
  if (side.keyEquals.length === 0)
    return entries(
      (array) =>
        `select h.id, h.id as hash, h.version, null::text[] as key
           from (select ${side.rowHash} as id, ${version} from ${side.from} where ${range} offset 0) as h
           ${join(array, 'h.id')}`,
    );
  return entries(
    (array) =>
      `select w.id, ${side.rowHash} as hash, ${version}, ${side.keyText} as key
         from ${side.from} ${join(array, side.id)} where ${range}`,
  );
}

function byKey(side: SidePlan, wanted: readonly Wanted[]): TableQuery {
  const column = (nr: number) => wanted.map((one) => one.key?.[nr] ?? null);
  const names = side.keyEquals.map((_, nr) => `c${nr}`).join(', ');
  const conditions = side.keyEquals.map((equals, nr) => equals(`k.c${nr}`)).join(' and ');
  // Two of the given keys may be two spellings of one key here: its row counts once.
  return entries(
    (array) =>
      `select distinct ${side.id} as id, ${side.rowHash} as hash, ${version}, ${side.keyText} as key, t.tableoid, t.ctid
         from unnest(${side.keyEquals.map((_, nr) => array(column(nr), 'text')).join(', ')}) as k(${names})
         join ${side.from} on ${conditions}`,
  );
}

interface Wish {
  side: SidePlan;
  wanted: readonly Wanted[];
  range: string;
}

/** Reads one side's rows of the wanted ids: by key if the key is known, otherwise by scanning the range. */
async function readEntries(client: Client, sides: Sides, { side, wanted, range }: Wish): Promise<Reading> {
  const isKnown = ({ key }: Wanted) => side.keyEquals.length > 0 && key !== null;
  const known = wanted.filter(isKnown);
  const unknown = wanted.filter((one) => !isKnown(one));
  const reading: Reading = new Map();
  for (let from = 0; from < known.length; from += KEYS_PER_QUERY) {
    const query = byKey(side, known.slice(from, from + KEYS_PER_QUERY));
    const rows = await readOnly(client, sides.budget, () => readTable<EntryRow>(client, side.reader, query));
    for (const row of rows) reading.set(row.id, asEntry(row));
  }
  if (unknown.length > 0)
    await readOnly(client, sides.budget, () => scan(client, { side, wanted: unknown, range }, reading));
  return reading;
}

function asEntry({ rows, hash, version, key }: EntryRow): Entry & { key: string[] | null } {
  return { rows: Number(rows), hash, version, key };
}

/** Reads from a cursor in a transaction, because the result may be large. */
async function scan(client: Client, { side, wanted, range }: Wish, reading: Reading): Promise<void> {
  await holdTable(client, side.reader);
  await client.query('set local cursor_tuple_fraction = 1');
  const { text, values } = readAs(side.reader, byId(side, wanted, range));
  await client.query(`declare pgtide_entries no scroll cursor for ${text}`, values);
  let room = Math.max(MIN_KEY_CHARACTERS, wanted.length * KEY_CHARACTERS);
  for (;;) {
    const rows = await client.query<EntryRow & Record<string, unknown>>(
      `fetch ${FETCHED_ENTRIES} from pgtide_entries`,
    );
    if (rows.length === 0) return;
    for (const row of rows) {
      const characters = row.key?.reduce((sum, { length }) => sum + length, 0) ?? 0;
      const fits = characters <= room;
      if (fits) room -= characters;
      reading.set(row.id, asEntry(fits ? row : { ...row, key: null }));
    }
  }
}

export interface Readings {
  subscriber: Reading;
  provider: Reading;
}

/** Reads the subscriber, and only then the provider: confirm.ts depends on that order. */
export async function readBoth(
  sides: Sides,
  plan: TablePlan,
  { wanted, range = 'true' }: { wanted: readonly Wanted[]; range?: string },
): Promise<Readings> {
  const subscriber = await readEntries(sides.subscriber, sides, { side: plan.subscriber, wanted, range });
  const provider = await readEntries(sides.provider, sides, { side: plan.provider, wanted, range });
  return { subscriber, provider };
}

/** Reads the ids for the first time, and returns those that (still) differ. */
export async function readCandidates(
  sides: Sides,
  plan: TablePlan,
  { ids, range }: { ids: readonly bigint[]; range: string },
): Promise<Candidate[]> {
  const wanted = ids.map((id) => ({ id, key: plan.idIsKey ? [`${id}`] : null }));
  const readings = await readBoth(sides, plan, { wanted, range });
  return ids.flatMap((id) => {
    const [subscriber, provider] = [readings.subscriber.get(id), readings.provider.get(id)];
    if (!differs(subscriber, provider)) return [];
    return [{ id, key: provider?.key ?? subscriber?.key ?? null, subscriber, provider }];
  });
}
