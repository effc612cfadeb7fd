/** Tables with one value far wider than the rest of its row, as documents and pictures are. */
import { type Bench, scaled } from './case.ts';

export interface WideTable {
  name: string;
  /** The width of the wide value, as the output names it. */
  width: string;
  bytes: number;
  rows: number;
}

/** 100 MB of wide values in each. */
const tables: readonly WideTable[] = [
  { name: 'wide', width: '10 kB', bytes: 10_000, rows: 10_000 },
  { name: 'wider', width: '100 kB', bytes: 100_000, rows: 1_000 },
];

export const wideNames = tables.map(({ name }) => name);

export function wideTables(bench: Bench): WideTable[] {
  return tables.map((table) => ({ ...table, rows: scaled(bench, table.rows, table.rows / 100) }));
}

/** Creates the tables with their rows, which are functions of the id. */
export function wideDdl(bench: Bench): string {
  return wideTables(bench)
    .map(
      ({
        name,
        bytes,
        rows,
      }) => `create table ${name} (id int primary key, version int not null, body text not null);
        insert into ${name} select n, 0, (select string_agg(md5(n || '/' || m), '') from generate_series(1, ${bytes / 32}) m)
          from generate_series(1, ${rows}) n;`,
    )
    .join('\n');
}

/** Changes the small column of each row. */
export function updateSmallColumn({ name }: WideTable): string {
  return `update ${name} set version = version + 1`;
}
