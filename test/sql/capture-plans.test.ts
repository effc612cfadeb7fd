/** Captures keep their plans: what is planned for a statement of many rows must not make later ones slow. */
import pg from 'pg';
import { expect, test } from 'vitest';
import { ownServer } from '../support/database.ts';
import { withRowTable } from '../support/row-tables.ts';

const tables = {
  'with a key': 'create table t (id int primary key, n int)',
  'without a key': 'create table t (id int, n int)',
};

test.each(Object.entries(tables))('captures of a table %s are not compiled', async (_, table) => {
  await withRowTable(
    await ownServer({ version: 18 }),
    `${table}; insert into t select i, 0 from generate_series(1, 1000) i`,
    async (__, ___, { name, superuser, url }) => {
      // Each statement reports its plan with the settings that it was made with.
      await superuser((client) =>
        client.query(`alter database ${name} set session_preload_libraries = 'auto_explain';
          alter database ${name} set auto_explain.log_min_duration = 0;
          alter database ${name} set auto_explain.log_nested_statements = on;
          alter database ${name} set auto_explain.log_settings = on;
          alter database ${name} set auto_explain.log_level = notice`),
      );
      const session = new pg.Client({ connectionString: url });
      const plans: string[] = [];
      session.on('notice', ({ message }) => plans.push(message ?? ''));
      await session.connect();
      try {
        for (const where of ['true', 'id = 7']) await session.query(`update t set n = n + 1 where ${where}`);
        await session.query('delete from t; insert into t values (1)');
      } finally {
        await session.end();
      }
      const captures = plans.filter((plan) => /Query Text: insert into pgq\./.test(plan));
      expect(captures.length).toBeGreaterThanOrEqual(4);
      expect(captures.filter((plan) => !/^Settings: .*jit = 'off'/m.test(plan))).toEqual([]);
    },
  );
});
