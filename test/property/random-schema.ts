/** The tables of a random workload, and the statement of each of its steps, as SQL text. */
import { type KeyType, type Step, type TableSpec, truncates, type ValueType } from './random-workload.ts';

/** A value of a key's type for the SQL expression `x`, a whole number. */
function keyValue(type: KeyType, x: number | string): string {
  switch (type) {
    case 'int':
    case 'bigint':
      return `(${x})`;
    case 'numeric':
      return `((${x}) / 4.0)`;
    case 'uuid':
      return `md5((${x})::text)::uuid`;
    case 'date':
      return `('2020-01-01'::date + (${x}))`;
    case 'bytea':
      return `decode(lpad(to_hex(${x}), 4, '0'), 'hex')`;
    case 'interval':
      return `(case (${x}) % 2 when 0 then interval '1 day' else interval '24 hours' end * ((${x}) / 2))`;
    case 'text collate nocase':
      return `(case (${x}) % 2 when 0 then 'k' else 'K' end || (${x}) / 2)`;
    default:
      return `('k' || (${x}))`;
  }
}

function valueFor(type: ValueType, x: number | string): string {
  switch (type) {
    case 'int':
      return `(${x})`;
    case 'numeric':
      return `((${x}) / 8.0)`;
    case 'float8':
      return `((${x}) / 3.0::float8)`;
    case 'text':
      return `('v "''\\' || (${x}))`;
    case 'jsonb':
      return `jsonb_build_object('x', ${x})`;
    case 'json':
      return `('[null, ' || (${x}) || ' ]')::json`;
    case 'int[]':
      return `array[${x}, null]`;
    case 'timestamptz':
      return `('2020-01-01 00:00+00'::timestamptz + (${x}) * interval '1 s')`;
    case 'bool':
      return `((${x}) % 2 = 0)`;
  }
}

/** The tables of a workload, under names of their own. */
export class Schema {
  readonly names: string[];
  readonly #tables: TableSpec[];
  readonly #version: number;
  readonly #padding: number;

  /** `version` is the lower one of the two servers; `padding` makes the rows that much longer. */
  constructor(tables: TableSpec[], prefix: string, version: number, padding = 0) {
    this.#tables = tables;
    this.#version = version;
    this.#padding = padding;
    this.names = tables.map((_, nr) => `${prefix}_t${nr}`);
  }

  spec(nr: number): TableSpec {
    const found = this.#tables[nr % this.#tables.length];
    if (!found) throw new Error('a workload has a table');
    return found;
  }

  name(nr: number): string {
    return this.names[nr % this.names.length] ?? '';
  }

  #hasSimpleKey(nr: number): boolean {
    return this.spec(nr).key.length === 1 && this.spec(nr).key[0] === 'int';
  }

  /** The table that this one refers to; only those with one whole number as their key can be referred to. */
  #target(nr: number): number | null {
    const { refersTo } = this.spec(nr);
    const target = refersTo === 'self' ? nr : refersTo;
    return target !== null && target <= nr && this.#hasSimpleKey(target) ? target : null;
  }

  #generated(nr: number): boolean {
    return this.spec(nr).generated && this.#version >= 12;
  }

  create(): string {
    const collation =
      this.#version >= 12
        ? `create collation if not exists nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);`
        : '';
    return collation + this.#tables.map((_, nr) => this.#createTable(nr)).join('\n');
  }

  #createTable(nr: number): string {
    const spec = this.spec(nr);
    const name = this.name(nr);
    const target = this.#target(nr);
    const columns = [
      ...spec.key.map(
        (type, k) => `k${k} ${this.#version >= 12 ? type : type.replace('nocase', '"C"')} not null`,
      ),
      'n int not null default 0',
      'u int',
      'w int',
      'r int',
      ...spec.values.map((type, v) => `v${v} ${type}`),
      ...(this.#padding > 0 ? [`pad text default repeat('x', ${this.#padding})`] : []),
      ...(this.#generated(nr) ? ['g int generated always as (n * 2) stored'] : []),
      ...(spec.identity ? [`i bigint generated ${spec.identity} as identity`] : []),
      ...(spec.key.length > 0 ? [`primary key (${spec.key.map((_, k) => `k${k}`).join(', ')})`] : []),
      ...(spec.secondary === 'unique' ? ['unique (u)'] : []),
      ...(spec.secondary === 'deferrable' ? ['unique (u) deferrable initially immediate'] : []),
      ...(spec.secondary === 'two' ? ['unique (u)', 'unique (w, r)'] : []),
      ...(target === null
        ? []
        : [
            `foreign key (r) references ${this.name(target)} on delete ${spec.onDelete} on update ${spec.onUpdate}${spec.deferred ? ' deferrable initially deferred' : ''}`,
          ]),
    ];
    const partial = spec.secondary === 'partial' ? `create unique index on ${name} (u) where n > 0;` : '';
    return `create table ${name} (${columns.join(', ')}); ${partial} ${this.#createTrigger(nr)}`;
  }

  #createTrigger(nr: number): string {
    const { trigger, key } = this.spec(nr);
    const name = this.name(nr);
    if (!trigger || key.length === 0) return '';
    const same = (row: string) => key.map((_, k) => `k${k} = ${row}.k${k}`).join(' and ');
    const columns = key.map((_, k) => `k${k}`).join(', ');
    const bodies: Record<NonNullable<TableSpec['trigger']>, [when: string, body: string]> = {
      again: [
        'after insert or update',
        `if new.n < 4 then update ${name} set n = n + 3 where ${same('new')}; end if; return null;`,
      ],
      before: ['before insert or update', 'new.w := coalesce(new.w, 0) + 1; return new;'],
      companion: [
        'after insert',
        this.#hasSimpleKey(nr)
          ? `if new.k0 < 50 then insert into ${name} (k0, n) values (new.k0 + 100, 7) on conflict do nothing; end if; return null;`
          : `update ${name} set n = n + 1 where n < 2; return null;`,
      ],
      revive: [
        'after delete',
        `if old.n % 3 = 1 then insert into ${name} (${columns}, n) values (${key.map((_, k) => `old.k${k}`).join(', ')}, old.n + 1) on conflict do nothing; end if; return null;`,
      ],
      'make room': ['before insert', `delete from ${name} where ${same('new')}; return new;`],
      delete: [
        'after update',
        `if new.n > 6 then delete from ${name} where ${same('new')}; end if; return null;`,
      ],
    };
    const [when, body] = bodies[trigger];
    return `create function ${name}_trigger() returns trigger language plpgsql as $$ begin ${body} end $$;
      create trigger own ${when} on ${name} for each row when (pg_trigger_depth() < 3) execute procedure ${name}_trigger();`;
  }

  /** Rows to begin with; their keys are above those of most statements. */
  fill(rows: number): string {
    return this.#tables
      .map(({ key, values }, nr) => {
        const columns = [
          ...key.map((type) =>
            keyValue(type, type === 'interval' || type.endsWith('nocase') ? '2 * i' : 'i'),
          ),
          `i % 7`,
          ...values.map((type) => valueFor(type, 'i')),
        ];
        const names = [...key.map((_, k) => `k${k}`), 'n', ...values.map((_, v) => `v${v}`)];
        return `insert into ${this.name(nr)} (${names.join(', ')}) select ${columns.join(', ')} from generate_series(10, ${rows + 9}) i;`;
      })
      .join('\n');
  }

  drop(): string {
    return this.names
      .map((name) => `drop table ${name} cascade; drop function if exists ${name}_trigger() cascade;`)
      .join('\n');
  }

  #row(nr: number, x: number, y: number): string {
    const spec = this.spec(nr);
    const values = [
      ...spec.key.map((type, k) => keyValue(type, k === 0 ? x : (x * 7 + y) % 3)),
      `${(x + y) % 7}`,
      y % 3 === 0 ? 'null' : `${x * 10 + y}`,
      `${y % 4}`,
      this.#target(nr) === null ? `${y}` : y % 4 === 0 ? 'null' : `${(x + y) % 10}`,
      ...spec.values.map((type) => (y % 5 === 0 ? 'null' : valueFor(type, x + y))),
    ];
    return `(${values.join(', ')})`;
  }

  #columns(nr: number): string {
    const spec = this.spec(nr);
    return [
      ...spec.key.map((_, k) => `k${k}`),
      'n',
      'u',
      'w',
      'r',
      ...spec.values.map((_, v) => `v${v}`),
    ].join(', ');
  }

  /** The statement of a step. */
  statement(step: Step): string {
    const { kind, table: nr, a, b, c } = step;
    const name = this.name(nr);
    const spec = this.spec(nr);
    const [first] = spec.key;
    const into = `insert into ${name} (${this.#columns(nr)}) values`;
    const rows = `${this.#row(nr, a, b)}, ${this.#row(nr, b, c)}, ${this.#row(nr, c, a)}`;
    const keys = spec.key.map((_, k) => `k${k}`).join(', ');
    const at = (x: number) => (first ? `k0 = ${keyValue(first, x)}` : `n = ${x}`);
    const changes = [
      `n = n + ${(b % 3) + 1}`,
      ...spec.values.map((type, v) => `v${v} = ${c % 4 === 0 ? 'null' : valueFor(type, `n + ${c}`)}`),
    ].join(', ');
    if (kind < 14) return `${into} ${rows}`;
    if (kind < 26) return `${into} ${rows} on conflict do nothing`;
    if (kind < 36)
      return first
        ? `${into} ${this.#row(nr, a, b)} on conflict (${keys}) do update set n = ${name}.n + 1, w = excluded.w`
        : `${into} ${this.#row(nr, a, b)}, ${this.#row(nr, a, b)}`;
    if (kind < 48) return `update ${name} set ${changes} where n % 3 = ${a % 3}`;
    if (kind < 56)
      return first
        ? `update ${name} set k0 = ${keyValue(first, b)}, w = ${c} where ${at(a)}`
        : `update ${name} set n = ${b} where n = ${a}`;
    if (kind < 60)
      return first === 'int' || first === 'bigint'
        ? `update ${name} set k0 = k0 + ${c % 2 ? 1 : 20} where k0 < 40`
        : `update ${name} set ${changes}`;
    // Rows swap their values of u, which only a deferrable constraint allows.
    if (kind < 66)
      return `with p as (select u, row_number() over (order by u) as up, row_number() over (order by u desc) as down from ${name} where u is not null)
        update ${name} set u = (select other.u from p join p other on other.up = p.down where p.u = ${name}.u limit 1) where u is not null`;
    if (kind < 70)
      return `update ${name} set u = -1 where u = ${a * 10 + b}; update ${name} set u = ${a * 10 + b} where u = ${b * 10 + c}; update ${name} set u = ${b * 10 + c} where u = -1`;
    if (kind < 76) return `delete from ${name} where n % 4 = ${a % 4}`;
    if (kind < 80) return `delete from ${name} where ${at(a)}; ${into} ${this.#row(nr, a, c)}`;
    if (kind < 84)
      return Array.from(
        { length: 4 },
        (_, i) => `update ${name} set n = n + ${i}, w = ${c} where ${at(a)}`,
      ).join('; ');
    if (kind < 88) return `update ${name} set r = ${b} where n % 2 = ${a % 2}`;
    if (kind < 90) return `update ${name} set n = n, w = w`;
    if (kind < 92 && spec.identity) return `update ${name} set i = default where n % 2 = ${a % 2}`;
    if (kind < 94)
      return `with d as (delete from ${name} where n % 3 = ${a % 3} returning n) update ${this.name(b)} set w = (select count(*)::int from d) where n % 2 = 0`;
    if (truncates(step)) return `truncate ${name} cascade; ${into} ${this.#row(nr, a, b)}`;
    return `delete from ${name}`;
  }
}
