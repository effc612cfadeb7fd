/** The table of every setting of pgtide.yml: type, default, description. pgtide.schema.json is generated from it. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { PgtideError } from '../errors.ts';
import { parsePostgresUrl } from './postgres-url.ts';

const UNITS: Record<string, number> = { '': 1, B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 };

/** Bytes, as a number or as a text such as `64MB`. */
const bytes = (least: number) =>
  z
    .union([z.number(), z.string().regex(/^\d+ *(B|KB|MB|GB)?$/, 'must be like 64MB')], {
      error: 'must be a number of bytes, or a text such as 64MB',
    })
    .transform((value) => {
      const [, digits = '', unit = ''] = /^(\d+) *([KMG]?B)?$/.exec(String(value)) ?? [];
      return Number(digits) * (UNITS[unit] ?? 1);
    })
    .refine((value) => Number.isSafeInteger(value) && value >= least, {
      error: `must be at least ${least} bytes`,
    });

const whole = (least: number, most: number) => z.int().min(least).max(most);

const name = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,40}$/, 'must be 1 to 40 letters, digits, _, - or .')
  .describe('Letters, digits, _, - and ., at most 40.');

function urlProblem(url: string): string | undefined {
  if (url.startsWith('env:'))
    return /^env:[A-Za-z_][A-Za-z0-9_]*$/.test(url) ? undefined : 'must be env: and the name of a variable';
  try {
    parsePostgresUrl(url);
    return undefined;
  } catch (error) {
    if (!(error instanceof PgtideError)) throw error;
    return `${error.message}; ${error.remedy}`;
  }
}

const host = z.string().refine((text) => isIP(text) > 0 || /^(\/.+|[^\s:/@?#[\]]+)$/.test(text), {
  error: 'must be one host name or address, without a port',
});

/** Value of a CA file that means the authorities of the system, as in libpq's sslrootcert. */
export const SYSTEM_AUTHORITIES = 'system';

const tls = z
  .strictObject({
    mode: z
      .enum(['verify-full', 'verify-ca', 'require', 'disable'])
      .optional()
      .describe(
        'verify-full: certificate and host name are checked. verify-ca: the certificate alone. require: encrypted, nothing checked; with caFile the same as verify-ca. disable: no TLS.',
      ),
    caFile: z
      .string()
      .min(1)
      .optional()
      .describe(
        'PEM file of the certificate authorities to trust for this node, beside this configuration. Without it, those of Node.js and NODE_EXTRA_CA_CERTS, and for hosts of RDS those of RDS.',
      ),
  })
  .describe(
    'TLS of this node. Without it: the sslmode of its url; else verify-full, or disable for loopback and Unix sockets.',
  );

export const nodeSchema = z
  .strictObject({
    url: z
      .string()
      .superRefine((url, context) => {
        const problem = urlProblem(url);
        if (problem) context.addIssue({ code: 'custom', message: problem });
      })
      .optional()
      .describe('postgres://user@host:port/database, or env:NAME for an environment variable that holds it.'),
    secret: z
      .string()
      .regex(
        /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@!-]+$/,
        'must be the ARN of a Secrets Manager secret',
      )
      .optional()
      .describe(
        'ARN of a Secrets Manager secret of the form RDS makes: JSON with username and password, and usually with host, port and dbname.',
      ),
    host: host
      .optional()
      .describe('Beside secret: host name or address of the server. It wins over the host in the secret.'),
    port: whole(1, 65_535)
      .optional()
      .describe(
        'Beside secret: port of the server. It wins over the port in the secret; 5432 if neither has one.',
      ),
    dbname: z
      .string()
      .min(1)
      .optional()
      .describe('Beside secret: name of the database. It wins over the dbname in the secret.'),
    tls: tls.optional(),
  })
  .describe('A database: one of url and secret.');

export const queueSchema = z
  .strictObject({
    root: z.string().describe('Node where applications write.'),
    leaves: z.array(z.string()).default([]).describe('Nodes that follow the root.'),
    tickSeconds: z
      .number()
      .min(0)
      .max(3600)
      .default(3)
      .describe('Longest time between ticks while events are waiting.'),
    idleTickSeconds: whole(1, 86_400)
      .default(300)
      .describe('Longest time between ticks while no events are waiting.'),
    tickEvents: whole(1, 1_000_000_000)
      .default(500)
      .describe('A tick is made as soon as this many events are waiting.'),
    rotationSeconds: whole(60, 31_536_000)
      .default(7200)
      .describe('Event tables are rotated after this time; what all consumers have read is then freed.'),
    maxLagSeconds: whole(1, 31_536_000)
      .default(600)
      .describe('A leaf that is further behind makes status unhealthy.'),
    onConflict: z
      .enum(['set-aside', 'stop', 'resync', 'overwrite'])
      .default('set-aside')
      .describe(
        'What a row that does not fit the subscriber does. set-aside: its table waits for an operator, others go on. stop: the whole queue waits. resync: its table is copied again. overwrite: the image from the provider wins.',
      ),
    onUnknownEvent: z
      .enum(['set-aside', 'stop'])
      .default('set-aside')
      .describe(
        'What an event that replay cannot handle does. set-aside: it is kept on the subscriber for an operator, replay goes on. stop: replay stops at it. One that runs SQL (EXECUTE) stops it always. pgtide pass-events lets replay go past it.',
      ),
    captureReplicaWrites: z
      .boolean()
      .default(false)
      .describe(
        'The root also captures what sessions in replica mode write: native subscriptions above all, and replay of another queue. It costs a row trigger on such writes, and nothing on others.',
      ),
    replay: z
      .strictObject({
        maxEvents: whole(1, 100_000_000)
          .default(500_000)
          .describe('Most events that one transaction applies; a larger batch is applied in slices.'),
        maxBytes: bytes(1024)
          .prefault('256MB')
          .describe('Most bytes of events that one transaction applies.'),
      })
      .prefault({})
      .describe('Limits of one piece of replay.'),
    copy: z
      .strictObject({
        parallelChunks: whole(1, 64)
          .default(2)
          .describe('Chunks that one run copies at the same time; each takes one connection to either node.'),
        chunkBytes: bytes(64 * 1024)
          .prefault('64MB')
          .describe('Size that chunks are planned to have.'),
      })
      .prefault({})
      .describe('Limits of the first copy of tables.'),
  })
  .describe('A queue: the tables that one root offers, and who follows them.');

const lease = z
  .strictObject({
    table: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{3,255}$/, 'must be the name of a DynamoDB table')
      .default('pgtide-lease')
      .describe('DynamoDB table that holds the leases. PGTIDE_LEASE_TABLE overrides it.'),
    endpoint: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Another DynamoDB endpoint, for tests and local use.'),
    skewSeconds: whole(0, 3600)
      .default(60)
      .describe(
        'How far the clocks of two machines may differ: an expired lease is taken over this much later.',
      ),
  })
  .describe('Where runs agree who does which work.');

const errors = z
  .strictObject({
    showValues: z
      .boolean()
      .default(false)
      .describe(
        'The log line of a run also has what servers said of errors in their own words, with values of rows. For a search; switch it off afterwards.',
      ),
  })
  .describe('What errors show.');

const metrics = z
  .strictObject({
    byPair: z
      .boolean()
      .default(false)
      .describe(
        'The lag of each pair of queue and leaf is also a separate metric, for 0.30 USD a month each. Without it there is one metric, of the pair that is furthest behind.',
      ),
  })
  .describe('What deployed functions report to CloudWatch.');

export const configSchema = z
  .strictObject({
    $schema: z.string().optional().describe('For editors; not used.'),
    nodes: z.record(name, nodeSchema).describe('The databases, by name.'),
    queues: z.record(name, queueSchema).describe('The queues, by name.'),
    lease: lease.prefault({}),
    errors: errors.prefault({}),
    metrics: metrics.prefault({}),
  })
  .describe('pgtide.yml');

/** The JSON Schema of pgtide.yml, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' }) as Record<string, unknown>;
}
