/** A password of any printable characters is hidden in every form that carries one, whatever text surrounds it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../lib/redact.ts';
import { holds } from '../support/property.ts';

/** At least six characters, so that the form itself does not contain a part of it. */
const printable = fc
  .string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 40 })
  .filter((text) => text.trim() === text);
const word = printable.map((text) => text.replaceAll(' ', '~'));

const inSql = (text: string) => `'${text.replaceAll("'", "''")}'`;
const inConninfo = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const forms: [name: string, secret: fc.Arbitrary<string>, write: (secret: string) => string][] = [
  ['a URL', printable, (p) => `postgres://app:${p}@db.example.com:5432/shop?sslmode=require`],
  ['a URL without a user', printable, (p) => `postgresql://:${p}@h/d`],
  ['a percent-encoded URL', printable, (p) => `postgres://app:${encodeURIComponent(p)}@h/d`],
  ['a URL in quotes', printable, (p) => `invalid connection string "postgres://u:${p}@h" in line 1`],
  [
    'a URL parameter',
    word.map((p) => encodeURIComponent(p)),
    (p) => `postgres://h/d?user=u&password=${p}&sslmode=disable`,
  ],
  ['CREATE ROLE', printable, (p) => `create role app login password ${inSql(p)} valid until 'infinity'`],
  ['ALTER USER', printable, (p) => `ALTER USER app WITH ENCRYPTED PASSWORD ${inSql(p)}`],
  ['an escape string', printable, (p) => `alter role app password E${inConninfo(p)}`],
  [
    'a dollar-quoted string',
    printable.map((p) => p.replaceAll('$', '-')),
    (p) => `alter role app password $x$${p}$x$;`,
  ],
  [
    'a user mapping',
    printable,
    (p) => `create user mapping for app server s options (user 'u', password ${inSql(p)})`,
  ],
  [
    'dblink',
    word.filter((p) => !/['"\\]/.test(p)),
    (p) => `dblink('host=h user=u password=${p} dbname=d', 'select 1')`,
  ],
  ['a quoted connection string', printable, (p) => `host=h password=${inConninfo(p)} user=u`],
  [
    'a subscription',
    printable,
    (p) => `create subscription s connection ${inSql(`host=h password=${inConninfo(p)}`)} publication p`,
  ],
  ['PGPASSWORD', word, (p) => `PGPASSWORD=${p} psql -h db`],
  [
    '.pgpass',
    printable.map((p) => p.replaceAll('\\', '\\\\').replaceAll(':', '\\:')),
    (p) => `db.example.com:5432:shop:app:${p}`,
  ],
  ['.pgpass with stars', printable, (p) => `read: *:*:*:app:${p}`],
  ['JSON', printable, (p) => `the secret is {"username":"u", "password": ${JSON.stringify(p)}, "host":"h"}`],
  ['JSON in JSON', printable, (p) => JSON.stringify({ body: JSON.stringify({ password: p }) })],
  ['a secret of AWS', word, (p) => `aws_secret_access_key = ${p}`],
  ['a session token', word, (p) => `AWS_SESSION_TOKEN=${p}`],
  ['SecretAccessKey', printable, (p) => `{"AccessKeyId":"A","SecretAccessKey":${JSON.stringify(p)}}`],
  ['a secret', word, (p) => `client_secret=${p}`],
  ['YAML', word, (p) => `  password: ${p}`],
  [
    'a signature',
    word.map((p) => encodeURIComponent(p)),
    (p) => `h:5432/?Action=connect&X-Amz-Signature=${p}`,
  ],
];

/** Parts of the secret that do not occur in the form itself, as the form writes the secret and as the secret is. */
function partsOf(secret: string, empty: string): string[] {
  return Array.from({ length: Math.max(secret.length - 5, 0) }, (_, at) => secret.slice(at, at + 6)).filter(
    (part) => !empty.includes(part),
  );
}

describe('a secret is hidden', () => {
  it.each(forms)('in %s', async (_, secrets, write) => {
    await holds(
      fc.property(
        secrets,
        fc.constantFrom('', 'error: ', 'x\n'),
        fc.constantFrom('', '\nnext line'),
        (secret, before, after) => {
          const shown = redact(before + write(secret) + after);
          for (const part of partsOf(secret, write(''))) expect(shown).not.toContain(part);
          if (before === 'error: ') expect(shown.startsWith(before)).toBe(true);
        },
      ),
      300,
    );
  });

  it('in two forms at once, in any order, on one line', async () => {
    const form = fc.constantFrom(...forms);
    await holds(
      fc.property(
        fc
          .tuple(form, form)
          .chain(([one, other]) => fc.tuple(fc.constant([one, other] as const), one[1], other[1])),
        ([[one, other], first, second]) => {
          const shown = redact(`${one[2](first)}; ${other[2](second)}`);
          const empty = `${one[2]('')}; ${other[2]('')}`;
          for (const part of [...partsOf(first, empty), ...partsOf(second, empty)])
            expect(shown).not.toContain(part);
        },
      ),
      500,
    );
  });
});

it.each([
  'cannot read the secret arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-new: ResourceNotFoundException: no such secret',
  'the role needs secretsmanager:GetSecretValue on this ARN (and kms:Decrypt on its key)',
  'old (127.0.0.1:5432/shop as app): password authentication failed for user "app"',
  'CredentialsProviderError: Could not load credentials from any providers',
  'postgres://app@h:5432/d: 23505 unique_violation: table public.orders, constraint orders_email_key, event 4711',
  'put it into the url (percent-encoded), or use a secret, env:NAME as the url, or PGPASSWORD',
  'new: lease epoch 7 is over, a run with epoch 8 has taken over at 12:30:45',
])('a text without a secret stays as it is: %s', (text) => {
  expect(redact(text)).toBe(text);
});
