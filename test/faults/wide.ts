/** Statements on a table of wide rows, of which one is hot. */
export function wideStatement({ kind, a, b }: { kind: number; a: number; b: number }): string {
  if (kind < 8)
    return `insert into wide select i, 0, repeat(md5((i + ${b})::text), 30) from generate_series(${a}, ${a + (b % 12)}) i
      on conflict (id) do update set body = excluded.body, hot = wide.hot + 1`;
  if (kind < 13)
    return 'update wide set hot = hot + 1 where id = 1'.concat(
      b % 2 ? '; update wide set hot = hot * 2 where id = 1' : '',
    );
  if (kind < 17) return `update wide set body = repeat(md5('${b}'), 45) where id % 17 = ${a % 17}`;
  if (kind < 21) return `update wide set id = -id where id % 23 = ${a % 23}`;
  if (kind < 24) return `delete from wide where id % 29 = ${a % 29}`;
  if (kind < 25) return 'truncate wide';
  if (kind < 27)
    return `do $$ begin for i in ${a}..${a + 4} loop begin
      insert into wide values (i, i, 'in a subtransaction'); exception when unique_violation then delete from wide where id = i; end; end loop; end $$`;
  return `insert into wide select i, 0, repeat(md5(i::text), 30) from generate_series(${a}, ${a + 80}) i on conflict do nothing`;
}
