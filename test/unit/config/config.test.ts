/** pgtide.yml: strict, with every error at once, each with key, value and fix; no message contains a password. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadConfig, nodeConfig, parseConfig, queueConfig } from '../../../lib/config/config.ts';
import { parsePostgresUrl } from '../../../lib/config/postgres-url.ts';
import { configJsonSchema } from '../../../lib/config/schema.ts';
import { redact, shownMessage } from '../../../lib/redact.ts';

const shop = `
nodes:
  old: { url: "postgres://app@127.0.0.1:5432/shop" }
  new: { secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-new" }
queues:
  shop: { root: old, leaves: [new], copy: { chunkBytes: 32MB } }
`;

function problemsOf(text: string): string {
  try {
    parseConfig(text);
  } catch (error) {
    expect(error).toMatchObject({ name: 'PgtideError', kind: 'input' });
    return (error as Error).message;
  }
  throw new Error('the configuration was accepted');
}

test('a short file gets every default', () => {
  const config = parseConfig(shop);
  expect(config.queues.shop).toEqual({
    root: 'old',
    leaves: ['new'],
    tickSeconds: 3,
    idleTickSeconds: 300,
    tickEvents: 500,
    rotationSeconds: 7200,
    maxLagSeconds: 600,
    onConflict: 'set-aside',
    onUnknownEvent: 'set-aside',
    captureReplicaWrites: false,
    replay: { maxEvents: 500_000, maxBytes: 256 * 2 ** 20 },
    copy: { parallelChunks: 2, chunkBytes: 32 * 2 ** 20 },
  });
  expect(config.lease).toEqual({ table: 'pgtide-lease', skewSeconds: 60 });
  expect(config.metrics).toEqual({ byPair: false });
});

test('all errors are reported at once, with line, key, value and the allowed values', () => {
  const message = problemsOf(`
nodes:
  old: { url: "postgres://app@h/shop", pasword: 1 }
  new: { url: "postgres://app@h2:99999/shop" }
  none: {}
  both: { url: "env:X", secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x" }
  "bad name": { url: "env:Y" }
queues:
  shop:
    root: elsewhere
    leaves: [old, old]
    onConflict: explode
    copy: { parallelChunks: 0, chunkBytes: 32XB }
`);
  for (const part of [
    'line 3: nodes.old.pasword: is not a known key; nodes.old may have url, secret, host, port, dbname, tls',
    'line 4: nodes.new.url: "postgres://app@h2:99999/shop" the URL has the port 99999; ports go from 1 to 65535',
    'line 5: nodes.none: has neither url nor secret',
    'line 6: nodes.both: has url and secret; keep one',
    'line 7: nodes.bad name: must be 1 to 40 letters, digits, _, - or .',
    'line 10: queues.shop.root: "elsewhere" is not a node of this file; its nodes are: old, new, none, both, bad name',
    'line 11: queues.shop.leaves.1: "old" is named twice in the queue shop; name a node once',
    'line 12: queues.shop.onConflict: "explode" must be one of set-aside, stop, resync, overwrite',
    'line 13: queues.shop.copy.parallelChunks: 0 must be at least 1',
    'line 13: queues.shop.copy.chunkBytes: "32XB" must be',
  ])
    expect(message).toContain(part);
});

test('a root that is also a leaf, and two nodes that are one database, are refused', () => {
  const nodes = `
nodes:
  a: { url: "postgres://app:x@DB.example.com/shop" }
  b: { url: "postgres://other:y@db.example.com:5432/shop" }
  c: { url: "env:SHOP" }
  d: { url: "env:SHOP" }
`;
  expect(problemsOf(`${nodes}queues:\n  q: { root: a, leaves: [a] }`)).toContain('"a" is named twice');
  expect(problemsOf(`${nodes}queues:\n  q: { root: a, leaves: [b] }`)).toContain(
    '"b" is the same database as "a"',
  );
  expect(problemsOf(`${nodes}queues:\n  q: { root: c, leaves: [d] }`)).toContain(
    '"d" is the same database as "c"',
  );
});

test('host, port and dbname stand beside a secret; a url has its own', () => {
  const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1';
  const { nodes } = parseConfig(`
nodes: { a: { secret: "${secret}", host: db.example.com, port: 6432, dbname: shop } }
queues: { q: { root: a } }
`);
  expect(nodes.a).toEqual({ secret, host: 'db.example.com', port: 6432, dbname: 'shop' });
  const message = problemsOf(`
nodes:
  a: { url: "postgres://app@h/shop", dbname: other, host: h2 }
  b: { secret: "${secret}", port: 0, host: "", dbname: "" }
queues: { q: { root: a } }
`);
  for (const part of [
    'line 3: nodes.a.dbname: stands beside secret alone; write it into the url',
    'line 3: nodes.a.host: stands beside secret alone; write it into the url',
    'line 4: nodes.b.port: 0 must be at least 1',
    'line 4: nodes.b.host: ',
    'line 4: nodes.b.dbname: ',
  ])
    expect(message).toContain(part);
});

test('two nodes with one secret are one database, unless host, port or dbname tell them apart', () => {
  const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:cluster';
  const queueOf = (one: string, other: string) => `
nodes: { a: { ${one} }, b: { ${other} } }
queues: { q: { root: a, leaves: [b] } }
`;
  const of = (rest: string) => `secret: "${secret}"${rest}`;
  for (const [one, other] of [
    [of(''), of('')],
    [of(', dbname: shop'), of(', dbname: shop')],
    [of(', host: H, port: 5432, dbname: shop'), 'url: "postgres://app@h/shop"'],
  ] as const)
    expect(problemsOf(queueOf(one, other))).toContain('"b" is the same database as "a"');
  for (const [one, other] of [
    [of(', dbname: shop'), of(', dbname: copy')],
    [of(', host: one'), of(', host: two')],
  ] as const)
    expect(Object.keys(parseConfig(queueOf(one, other)).nodes)).toEqual(['a', 'b']);
});

test('a node may be the root of two queues, and two databases of one server are two nodes', () => {
  const config = parseConfig(`
nodes: { a: { url: "postgres://app@h/one" }, b: { url: "postgres://app@h/two" } }
queues: { p: { root: a, leaves: [b] }, q: { root: a }, back: { root: b, leaves: [a] } }
`);
  expect(Object.keys(config.queues)).toEqual(['p', 'q', 'back']);
});

test('text that is no YAML, an empty file and a missing file each end with one clear error', () => {
  expect(problemsOf('nodes: [1\nqueues: 2')).toMatch(/pgtide.yml is not valid:\n {2}line 2/);
  expect(problemsOf('nodes: {}\nnodes: {}')).toContain('line 2: Map keys must be unique');
  expect(problemsOf('')).toContain('nodes: is missing');
  expect(problemsOf('just a text')).toContain('line 1: the file: "just a text" must be of type object');
  expect(problemsOf('nodes: { a: { url: *shop } }')).toMatch(/is not valid:\n {2}line 1: Unresolved alias/);
  expect(problemsOf('nodes: {}\n---\nqueues: {}')).toContain('begins a second document; keep one');
  expect(() => loadConfig('/nowhere/pgtide.yml')).toThrow(
    /cannot read the configuration \/nowhere\/pgtide.yml/,
  );
});

test('no message shows a password, however it is written', () => {
  for (const url of [
    'postgres://app:hunter2@h:1x/shop',
    'postgres://app:hunter2@h/shop?nope=1',
    'postgres://app:hun%ter2@h/shop',
    'postgres://app:hunter2@h1,h2/shop',
    'mysql://app:hunter2@h/shop',
    'postgres://app:x@hunter2/y@h/shop',
    'postgres://app:12/hunter2@h/shop',
    'postgres://app:12?hunter2@h/shop',
  ])
    expect(problemsOf(`nodes: { a: { url: "${url}" } }\nqueues: { q: { root: a } }`)).not.toMatch(
      /hun%?ter2/,
    );
});

test('an unknown queue or node is an error that names the known ones', () => {
  const config = parseConfig(shop);
  expect(() => queueConfig(config, 'shopp')).toThrow(/no queue "shopp"/);
  expect(() => queueConfig(config, 'constructor')).toThrow(/no queue/);
  expect(() => nodeConfig(config, 'toString')).toThrow(/no node/);
});

test('URLs are read as libpq reads them', () => {
  expect(parsePostgresUrl('postgresql://u%40x:p%3A%2F@[::1]:6000/d%20b?sslmode=require')).toEqual({
    host: '::1',
    port: 6000,
    user: 'u@x',
    password: 'p:/',
    database: 'd b',
    sslmode: 'require',
    sslrootcert: undefined,
  });
  expect(parsePostgresUrl('postgres://app@%2Fvar%2Frun/shop').host).toBe('/var/run');
  expect(parsePostgresUrl('postgres:///shop?host=/tmp&port=6543')).toMatchObject({
    host: '/tmp',
    port: 6543,
  });
  expect(parsePostgresUrl('postgres://app:p@ss@h').password).toBe('p@ss');
});

test('redact hides URL passwords, JSON and key=value secrets', () => {
  expect(redact('at postgres://app:s3cr@t@h/d now')).toBe('at postgres://app:***@h/d now');
  expect(redact('{"password":"s\\"x","username":"u"}')).toBe('{"password":***,"username":"u"}');
  expect(redact('host=h password=geheim user=u')).toBe('host=h password=*** user=u');
  expect(redact('nothing to hide: postgres://app@h/d')).toBe('nothing to hide: postgres://app@h/d');
});

test('a message that holds megabytes is redacted at once, and shown without its middle', () => {
  const long: ((size: number) => string)[] = [
    (size) => 'q'.repeat(size),
    (size) => 'a://u:'.repeat(size / 5),
    (size) => 'a://'.repeat(size / 4),
    (size) => 'pwd="'.repeat(size / 5),
    (size) => `pwd${' '.repeat(size)}`,
  ];
  for (const make of long) {
    // If the pattern read such a text again from each position, it would take hours.
    const shown = shownMessage(`begin ${make(4e6)} end`);
    expect(shown.length).toBeLessThan(8_100);
    expect(shown).toMatch(/^begin .*(?:characters are left out|\*\*\*).* end$/);
  }
});

test('the committed JSON Schema is current (npm run schema)', () => {
  const committed: unknown = JSON.parse(
    readFileSync(new URL('../../../pgtide.schema.json', import.meta.url), 'utf8'),
  );
  expect(committed).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
});
