/**
 * The parts of psql that the examples need, for machines without it: `psql URL [-q] [-f FILE]… [-c STATEMENT]…`, in one
 * session.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import pg from 'pg';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quiet: { type: 'boolean', short: 'q' },
    file: { type: 'string', short: 'f', multiple: true, default: [] },
    command: { type: 'string', short: 'c', multiple: true, default: [] },
  },
});
const client = new pg.Client({ connectionString: positionals[0] });
await client.connect();
try {
  for (const file of values.file) await client.query(readFileSync(file, 'utf8'));
  for (const command of values.command) console.table((await client.query(command)).rows);
} finally {
  await client.end();
}
