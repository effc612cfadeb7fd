/** The clients of single-row.ts on a machine without pgbench: `single-row-process.ts URL LOAD`. */
import { parsePostgresUrl } from '../../lib/config/postgres-url.ts';
import { type Client, withClient } from '../../lib/db/client.ts';
import { type Load, percentiles } from './single-row.ts';

const [, , url = '', given = '{}'] = process.argv;
const load = JSON.parse(given) as Load;
const { host, port, user = '', password, database = '' } = parsePostgresUrl(url);
const statement = load.statement.replaceAll(':id', '$1');
const latencies: number[] = [];

async function work(client: Client, until: number): Promise<void> {
  for (let now = performance.now(); now < until; ) {
    const id = 1 + Math.floor(Math.random() * load.ids);
    if (load.isolation) await client.query(`begin isolation level ${load.isolation}`);
    await client.query(statement, statement.includes('$1') ? [id] : []);
    if (load.isolation) await client.query('commit');
    const after = performance.now();
    latencies.push(after - now);
    now = after;
  }
}

const until = performance.now() + load.seconds * 1000;
const target = { node: 'load', host, port, user, password, database, ssl: false } as const;
await Promise.all(
  Array.from({ length: load.clients }, () =>
    withClient(target, 'bench load', (client) => work(client, until)),
  ),
);
const { length: transactions } = latencies;
const perSecond = transactions / load.seconds;
process.stdout.write(
  JSON.stringify({ transactions, seconds: load.seconds, perSecond, ...percentiles(latencies) }),
);
