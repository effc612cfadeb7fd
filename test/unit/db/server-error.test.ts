/** The message for a server's error, as far as it depends on the error alone: its language, its source, its context. */
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { expect, it } from 'vitest';
import { conditionOf } from '../../../lib/db/conditions.ts';
import { describeServerError, type ServerError } from '../../../lib/db/server-error.ts';
import { asPgtideError, isBeyondLimit, isTooMuchAtOnce } from '../../../lib/db/sqlstate.ts';
import { createDatabase, postgres } from '../../support/database.ts';
import { until } from '../../support/until.ts';

const serverError = (fields: Partial<ServerError>): ServerError =>
  Object.assign(new Error('geheim'), { severity: 'FEHLER', code: 'P0001', ...fields }) as ServerError;

it.each([
  'PL/pgSQL function pgtide.deny() line 3 at RAISE',
  'PL/pgSQL-Funktion pgtide.deny() Zeile 3 bei RAISE',
  'fonction PL/pgSQL pgtide.deny(), ligne 3, à RAISE',
  'PL/pgSQL関数pgtide.deny()の3行目 - RAISE',
])("an error that pgtide's function raises is shown in any language: %s", (where) => {
  const error = serverError({
    code: 'TD003',
    routine: 'exec_stmt_raise',
    file: 'pl_exec.c',
    where,
    hint: 'tipp',
  });
  expect(describeServerError(error)).toMatchObject({ message: 'geheim', hint: 'tipp' });
});

it.each([
  [
    'PL/pgSQL-Funktion public.f(text) Zeile 3 bei RAISE\nPL/pgSQL-Funktion pgtide._apply_set() Zeile 1',
    'public.f',
  ],
  ['PL/pgSQL function "pgtide.deny("() line 3 at RAISE', '"pgtide.deny("'],
  ['PL/pgSQL function x."pgtide.deny()"(text) line 3 at RAISE', 'x."pgtide.deny()"'],
  ['PL/pgSQL function pgtide_evil.deny() line 3 at RAISE', 'pgtide_evil.deny'],
  ['PL/pgSQL function "a\n pgtide.deny()"() line 3 at RAISE', '"a\n pgtide.deny()"'],
])('a function of a user is not taken for one of ours: %s', (where, name) => {
  const error = serverError({
    code: 'TD003',
    routine: 'exec_stmt_raise',
    file: 'pl_exec.c',
    where,
    table: 'geheim',
    constraint: 'geheim',
    hint: 'geheim',
  });
  expect(describeServerError(error)).toEqual({ message: `TD003: function ${name}` });
});

it('a value that the server cannot hold is distinguished from other internal errors', () => {
  const tooLarge = { code: 'XX000', file: 'mcxt.c', message: 'invalid memory alloc request size 1073741824' };
  const thrown = (fields: Partial<ServerError>) =>
    asPgtideError(serverError({ ...tooLarge, ...fields }), 'n');
  expect(thrown({}).message).toBe(`n: ${tooLarge.message} (XX000 internal_error)`);
  expect(isTooMuchAtOnce(thrown({}))).toBe(true);
  expect(isBeyondLimit(thrown({}))).toBe(true);
  expect(isBeyondLimit(thrown({ code: '54000', file: 'stringinfo.c' }))).toBe(true);
  for (const code of ['57014', '53200']) {
    expect(isTooMuchAtOnce(thrown({ code }))).toBe(true);
    expect(isBeyondLimit(thrown({ code }))).toBe(false);
  }
  for (const other of [
    { message: `${tooLarge.message} geheim` },
    { message: 'geheim' },
    { file: 'geheim.c' },
    { file: 'pl_exec.c', routine: 'exec_stmt_raise' },
  ]) {
    expect(thrown(other).message).toMatch(/^n: XX000 internal_error/);
    expect(isTooMuchAtOnce(thrown(other))).toBe(false);
  }
});

it('a value in the context of another error is not taken for a function', () => {
  const error = serverError({
    code: '22P02',
    file: 'jsonfuncs.c',
    routine: 'json_ereport_error',
    where: 'JSON data, line 1: pgtide.deny( at RAISE geheim',
  });
  expect(describeServerError(error)).toEqual({ message: '22P02 invalid_text_representation' });
});

it('the names of conditions are those of PostgreSQL, and the same in SQL', async () => {
  const db = await createDatabase(await postgres(18), { installed: true });
  await db.client(async (client) => {
    const ours = await client.query<{ name: string }>(
      `select distinct pgtide._condition_name(state) as name
         from (select c || n as state from unnest(array['0A','20','21','22','23','27','42','44','54','P0']) c,
                 (select lpad(upper(to_hex(i)), 3, '0') as n from generate_series(0, 4095) i
                  union select x || lpad(i::text, 2, '0') from unnest(array['P','C','F','H','L','M','N']) x, generate_series(0, 29) i
                  union select '0' || lpad(i::text, 1, '0') || x from unnest(array['H','M','N']) x, generate_series(0, 9) i) s) states
        where pgtide._condition_name(state) like '% %'`,
    );
    expect(ours.length).toBeGreaterThan(40);
    for (const { name } of ours) {
      const [state = '', condition] = name.split(' ');
      expect(conditionOf(state)).toBe(name);
      await client.query(
        `do $$ begin raise exception 'x' using errcode = '${state}'; exception when ${condition} then null; end $$`,
      );
    }
  });
});

it.each([
  ...['ENETDOWN', 'EHOSTDOWN', 'ECONNABORTED', 'EADDRNOTAVAIL', 'EAI_FAIL', 'EAI_AGAIN', 'EPROTO'],
  ...['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_UNABLE_TO_PIPE', 'ERR_STREAM_DESTROYED'],
  ...['ERR_SOCKET_CLOSED', 'ERR_TLS_HANDSHAKE_TIMEOUT'],
])('an error of the network, and not of pgtide: %s', (code) => {
  expect(asPgtideError(Object.assign(new TypeError('geheim'), { code }), 'n')).toMatchObject({
    kind: 'connection',
    message: `n: ${code}`,
    remedy: undefined,
  });
});

it('a certificate for other names is refused with the name that was asked for', () => {
  const certificate = { subject: { CN: 'geheim' }, subjectaltname: 'DNS:geheim' } as PeerCertificate;
  const refused = asPgtideError(checkServerIdentity('10.0.0.7', certificate), 'n');
  expect(refused).toMatchObject({
    kind: 'connection',
    message: "n: the server's certificate is not for 10.0.0.7 (ERR_TLS_CERT_ALTNAME_INVALID)",
    remedy: expect.stringContaining('name the server as its certificate does'),
  });
});

it('a concurrent change of a catalog row is a transient error', async () => {
  const db = await createDatabase(await postgres(18));
  await using one = await db.open();
  await using other = await db.open();
  const [first, second] = [one.client, other.client];
  const replace = `create or replace function public.f() returns int language sql as 'select 1'`;
  await first.query(replace);
  await first.query('begin');
  await first.query(replace);
  const waiting = expect(second.query(replace)).rejects.toMatchObject({
    kind: 'busy',
    message: expect.stringMatching(/: tuple concurrently updated \(XX000 internal_error\)$/),
  });
  await until('the second waits', () =>
    db.client((client) =>
      client.first(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      ),
    ),
  );
  await first.query('commit');
  await waiting;
});
