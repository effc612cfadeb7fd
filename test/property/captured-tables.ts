/** Tables of every kind on which captured order depends: keys, partitions, references to themselves. */

export interface Table {
  sql: string;
  keyed: boolean;
  partitioned?: boolean;
  deferrable?: boolean;
  since: number;
}

const columns = (key: string, reference = '') => `(id int ${key}, n int, r int ${reference})`;
const parts = (name: string, more: (part: string) => string = () => '') =>
  `; create table ${name}_1 partition of ${name} for values from (-1000) to (4); ${more(`${name}_1`)}
   create table ${name}_2 partition of ${name} for values from (4) to (100000); ${more(`${name}_2`)}`;

/** All of them have the columns id, n and r. */
export const tables: Record<string, Table> = {
  t: { sql: `create table t ${columns('primary key')}`, keyed: true, since: 10 },
  d: {
    sql: `create table d ${columns('primary key deferrable')}`,
    keyed: true,
    deferrable: true,
    since: 10,
  },
  k: { sql: `create table k ${columns('')}`, keyed: false, since: 10 },
  cascading: {
    sql: `create table cascading ${columns('primary key', 'references cascading on delete cascade on update cascade')}`,
    keyed: true,
    since: 10,
  },
  nulling: {
    sql: `create table nulling ${columns('primary key', 'references nulling on delete set null on update set null')}`,
    keyed: true,
    since: 10,
  },
  defaulting: {
    sql: `create table defaulting ${columns('primary key', 'default 1 references defaulting on delete set default on update cascade')}`,
    keyed: true,
    since: 10,
  },
  twice: {
    sql: `create table twice ${columns('primary key', 'references twice on delete set null on update cascade')};
      alter table twice add foreign key (n) references twice on delete cascade on update set null`,
    keyed: true,
    since: 10,
  },
  m: {
    sql: `create table m ${columns('primary key')} partition by range (id)${parts('m')}`,
    keyed: true,
    partitioned: true,
    since: 13,
  },
  referring: {
    sql: `create table referring ${columns('primary key', 'references referring on delete cascade on update cascade')}
      partition by range (id)${parts('referring')}`,
    keyed: true,
    partitioned: true,
    since: 13,
  },
  p: {
    sql: `create table p ${columns('')} partition by range (id)${parts('p')}`,
    keyed: false,
    partitioned: true,
    since: 10,
  },
};
