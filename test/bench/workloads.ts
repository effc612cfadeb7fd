/** The workloads of replay's measurements. Each list of statements is one transaction, and can run in every round. */
import { type Bench, scaled } from './case.ts';
import type { BenchDatabase } from './database.ts';
import type { Goal } from './measure.ts';
import { NATIVE } from './native.ts';
import { ordersDdl, ordersRows } from './orders.ts';
import { updateSmallColumn, wideDdl, wideNames, wideTables } from './wide.ts';

export interface Workload {
  name: string;
  /** SQL of one round. */
  sql(round: number): string;
  /** Runs many transactions, each with its own commit. The follower starts when all of them are there. */
  backlog?: true;
  goal?: Goal;
  /** Whether the slow peer, and a role without replica mode, also run it. */
  everybody?: true;
}

const BASE_ROWS = 600_000;
const CHANGES = 300_000;
const HOT_ROWS = 1_000;
const SMALL_TRANSACTIONS = 60_000;
const FAMILY = Array.from({ length: 10 }, (_, nr) => `family_${nr}`);
const FAMILY_ROWS = 20_000;

export const followed = ['orders', ...wideNames, ...FAMILY, 'mark'];

const familyDdl = FAMILY.map(
  (
    table,
    nr,
  ) => `create table ${table} (id int primary key, parent_id int not null${nr === 0 ? '' : ` references family_${nr - 1}`},
    amount numeric(12,2) not null, note text);
    create index on ${table} (parent_id);`,
).join('\n');

const familyRows = (from: number, to: number) =>
  `select n, n, n / 7.0, md5(n::text) from generate_series(${from}, ${to}) n`;

/** The tables, with the same rows on every side. */
export async function createFollowed(bench: Bench, database: BenchDatabase): Promise<void> {
  const members = scaled(bench, FAMILY_ROWS, 200);
  await database.run(`${ordersDdl}; insert into orders ${ordersRows(1, scaled(bench, BASE_ROWS, 4 * HOT_ROWS))};
    ${wideDdl(bench)}
    ${familyDdl}
    ${FAMILY.map((table) => `insert into ${table} ${familyRows(1, members)};`).join('\n')}`);
  await database.administer('vacuum (analyze)');
}

export function workloads(bench: Bench): Workload[] {
  const base = scaled(bench, BASE_ROWS, 4 * HOT_ROWS);
  const changes = scaled(bench, CHANGES, HOT_ROWS);
  const fresh = (round: number) => base + round * changes;
  const hotRounds = Math.max(10, Math.round(changes / HOT_ROWS));
  return [
    {
      name: `${changes} updates`,
      sql: () =>
        `update orders set amount = amount + 1, updated_at = updated_at + interval '1 second' where id % 2 = 0 and id <= ${2 * changes}`,
      goal: { most: 0.8, against: NATIVE },
      everybody: true,
    },
    {
      name: `${changes} inserts`,
      sql: (round) => `insert into orders ${ordersRows(fresh(round) + 1, fresh(round) + changes)}`,
      goal: { most: 1, against: NATIVE },
      everybody: true,
    },
    {
      name: `${changes} deletes`,
      sql: (round) => `delete from orders where id > ${fresh(round)} and id <= ${fresh(round + 1)}`,
      goal: { most: 1, against: NATIVE },
      everybody: true,
    },
    {
      name: `${hotRounds * HOT_ROWS} updates of ${HOT_ROWS} hot rows`,
      sql: () => `do $$ begin for i in 1 .. ${hotRounds} loop
        update orders set amount = amount + 1 where id <= ${HOT_ROWS}; commit; end loop; end $$`,
      backlog: true,
      goal: { most: 0.3, against: NATIVE },
    },
    {
      name: `${scaled(bench, SMALL_TRANSACTIONS)} small transactions`,
      sql: () => `do $$ begin for i in 1 .. ${scaled(bench, SMALL_TRANSACTIONS)} loop
        update orders set amount = amount + 1 where id = 1 + (i * 7919::bigint) % ${base}; commit; end loop; end $$`,
      backlog: true,
    },
    ...wideWorkloads(bench),
    { name: 'ten tables with foreign keys', sql: (round) => familySql(bench, round) },
  ];
}

/** Each row changes: its wide value, and then a small column beside that value. */
function wideWorkloads(bench: Bench): Workload[] {
  const [wide, ...wider] = wideTables(bench);
  if (!wide) throw new Error('no wide table');
  return [
    {
      name: `${wide.rows} rows of ${wide.width}`,
      sql: (round) =>
        `update ${wide.name} set version = version + 1, body = md5(id || '-${round}') || substr(body, 33)`,
    },
    ...[wide, ...wider].map((table) => ({
      name: `${table.rows} rows of ${table.width}, a small column of them`,
      sql: () => updateSmallColumn(table),
    })),
  ];
}

/** Inserts parents first, updates, and deletes children first: the same number of each. */
function familySql(bench: Bench, round: number): string {
  const members = scaled(bench, FAMILY_ROWS, 200);
  const half = Math.round(members / 2);
  const from = members + round * half;
  return [
    ...FAMILY.map((table) => `insert into ${table} ${familyRows(from + 1, from + half)}`),
    ...FAMILY.map((table) => `update ${table} set amount = amount + 1 where id <= ${half}`),
    ...FAMILY.toReversed().map((table) =>
      round === 0
        ? `delete from ${table} where id > ${members - half / 2} and id <= ${members}`
        : `delete from ${table} where id > ${from - half} and id <= ${from}`,
    ),
  ].join(';\n');
}
