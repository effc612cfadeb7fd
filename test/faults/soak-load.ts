/** A day's load: changes that keep the tables as large as they are. */
export const soakTables = ['account', 'entry', 'setting'];

export const soakSchema = `
  create table account (id int primary key, balance bigint not null default 0, note text);
  create table entry (id bigint primary key, account int not null references account, amount int not null, made_at timestamptz default now());
  create index entry_account on entry (account);
  create table setting (name text primary key, value jsonb);`;

export const soakRows = `
  insert into account select i, 0, repeat('x', 100) from generate_series(1, 2000) i;
  insert into entry select i, i % 2000 + 1, 1 from generate_series(1, 10000) i;
  insert into setting select 'setting ' || i, '{"on": true}' from generate_series(1, 50) i;
  create sequence entry_id start 10001;`;

/** One minute of the day. */
export const soakMinute = `
  do $$ begin
    for i in 1..40 loop
      update account set balance = balance + i where id = 1 + (random() * 1999)::int;
      insert into entry values (nextval('entry_id'), 1 + (random() * 1999)::int, i);
    end loop;
    delete from entry where id <= (select last_value from entry_id) - 10000;
    update setting set value = jsonb_build_object('on', random() > 0.5) where name = 'setting ' || (1 + (random() * 49)::int);
  end $$`;
