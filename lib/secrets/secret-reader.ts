import { z } from 'zod';
import { awsClientLimits, nameEndpoint, Silence } from '../aws-endpoint.ts';
import { type ErrorKind, PgtideError } from '../errors.ts';

/**
 * A secret of the form that RDS creates; other keys are ignored. A secret that RDS manages holds the user and the
 * password alone.
 */
const secretForm = z.object({
  host: z.string().min(1).optional(),
  port: z.coerce.number().int().min(1).max(65535).default(5432),
  username: z.string().min(1),
  password: z.string(),
  dbname: z.string().min(1).optional(),
});
export type DatabaseSecret = z.output<typeof secretForm>;

export interface SecretReader {
  /** Returns the secret's value, from the cache if it has been read before. */
  read(arn: string): Promise<DatabaseSecret>;
  /** Has the next `read` fetch the secret again, because its value was refused. */
  forget(arn: string): void;
}

const kinds: Record<string, { kind: ErrorKind; remedy: string }> = {
  ResourceNotFoundException: { kind: 'not-found', remedy: "correct the node's secret in the configuration" },
  AccessDeniedException: {
    kind: 'privilege',
    remedy:
      'the role needs secretsmanager:GetSecretValue on this ARN, whole with its last six characters, and kms:Decrypt on its key',
  },
  DecryptionFailure: { kind: 'privilege', remedy: "the role needs kms:Decrypt on the secret's key" },
  InvalidRequestException: { kind: 'state', remedy: 'the secret may be scheduled for deletion' },
  ThrottlingException: { kind: 'busy', remedy: 'the next run tries again' },
  CredentialsProviderError: { kind: 'privilege', remedy: 'set AWS credentials' },
};

/** The error has no cause and no value: both may hold the secret. */
function parseSecret(arn: string, text: string | undefined): DatabaseSecret {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    value = undefined;
  }
  const parsed = secretForm.safeParse(value);
  if (parsed.success) return parsed.data;
  const keys = new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'the whole value'));
  throw new PgtideError('input', `the secret ${arn} is not of the expected form: ${[...keys].join(', ')}`, {
    remedy: 'it must be JSON with username and password, as RDS makes it; host, port and dbname may be in it',
  });
}

/**
 * The SDK is loaded here, because it takes memory and time that a node with a URL does not need. Its errors are not
 * kept as causes, because the request is attached to them, with its signature.
 */
async function fetchSecret(arn: string): Promise<DatabaseSecret> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const region = regionOf(arn);
  const client = nameEndpoint(
    new SecretsManagerClient({ ...awsClientLimits, ...(region ? { region } : {}) }),
    {
      name: 'Secrets Manager',
      id: 'secretsmanager',
      way: 'interface',
    },
  );
  try {
    const answer = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    return parseSecret(arn, answer.SecretString);
  } catch (error) {
    if (error instanceof PgtideError) throw error;
    const { name, message } = error as Error;
    const known = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    throw new PgtideError(known?.kind ?? 'connection', `cannot read the secret ${arn}: ${name}: ${message}`, {
      remedy:
        known?.remedy ??
        'Secrets Manager was not reached; a function in a VPC needs a NAT or an interface endpoint',
    });
  } finally {
    client.destroy();
  }
}

const regionOf = (arn: string) => arn.split(':')[3] ?? '';

/**
 * Creates a reader with a cache. Concurrent reads of a secret share one request; failures are not cached. If Secrets
 * Manager has not answered, the other secrets of that region fail at once.
 */
export function createSecretReader(
  fetch: (arn: string) => Promise<DatabaseSecret> = fetchSecret,
): SecretReader {
  const cache = new Map<string, Promise<DatabaseSecret>>();
  const silences = new Map<string, Silence>();
  return {
    read(arn) {
      const cached = cache.get(arn);
      if (cached) return cached;
      const region = regionOf(arn);
      const silence = silences.get(region) ?? new Silence();
      silences.set(region, silence);
      const reading = silence.call(() => fetch(arn));
      cache.set(arn, reading);
      reading.catch(() => {
        if (cache.get(arn) === reading) cache.delete(arn);
      });
      return reading;
    },
    forget: (arn) => void cache.delete(arn),
  };
}
