/**
 * What happens to a table under the triggers of PgQ, as statements whose events are known: trigger-events.json holds what
 * PgQ's C code made of them.
 */
import type { Client } from '../../lib/db/client.ts';
import { rawRows, stateOf } from './queue.ts';
import { argumentScenarios } from './trigger-arguments.ts';
import type { TriggerScenario } from './trigger-scenario.ts';
import { tableScenarios } from './trigger-tables.ts';
import { timingScenarios } from './trigger-timing.ts';

export const triggerScenarios: TriggerScenario[] = [
  ...tableScenarios,
  ...timingScenarios,
  ...argumentScenarios,
];

/** The client's pinned settings, and names found in the scenario's own schema. */
const settings = `set client_min_messages = error; set datestyle = 'ISO, MDY'; set timezone = 'UTC'; set extra_float_digits = 3;
  set bytea_output = 'hex'; set lc_monetary = 'C'; set search_path = shop, public`;

/** Runs a scenario on queue `q`, and returns the errors, rows of SELECTs, then events that came of it, a line each. */
export async function playScenario(client: Client, scenario: TriggerScenario): Promise<string[]> {
  const lines: string[] = [];
  await client.query(
    `${settings}; drop schema if exists shop cascade; create schema shop; ${scenario.table}`,
  );
  const [when, level] =
    scenario.on === 'truncate' ? ['truncate', 'statement'] : ['insert or update or delete', 'row'];
  for (const [nr, [name, ...args]] of scenario.triggers.entries()) {
    const literals = ['q', ...args].map((arg) => client.connection.escapeLiteral(arg)).join(', ');
    await client.query(
      `create trigger t${nr} ${scenario.timing ?? 'after'} ${when} on t for each ${level} execute procedure pgq.${name}(${literals})`,
    );
  }
  for (const statement of scenario.statements) {
    const failure = await stateOf(
      rawRows(client, statement).then((rows) => {
        for (const row of rows)
          lines.push(JSON.stringify(row, (_, v) => (typeof v === 'bigint' ? `${v}` : v)));
      }),
    );
    if (failure) lines.push(`ERROR ${failure[1]}`);
  }
  const events = await client.query<Record<string, string | null>>(
    'select ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from pgq.event_template order by ev_id',
  );
  await client.query('truncate pgq.event_1; drop schema shop cascade; reset all');
  return [
    ...lines,
    ...events.map((event) =>
      Object.values(event)
        .map((v) => v ?? '~')
        .join(' | '),
    ),
  ];
}
