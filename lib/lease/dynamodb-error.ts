import { type ErrorKind, PgtideError } from '../errors.ts';

const kinds: Record<string, { kind: ErrorKind; remedy: string }> = {
  ResourceNotFoundException: {
    kind: 'not-found',
    remedy: 'deploy makes the lease table; else set lease.table or PGTIDE_LEASE_TABLE to its name',
  },
  AccessDeniedException: {
    kind: 'privilege',
    remedy:
      'the role needs dynamodb:UpdateItem, dynamodb:GetItem and dynamodb:BatchGetItem on the lease table',
  },
  ProvisionedThroughputExceededException: {
    kind: 'busy',
    remedy: 'the next run tries again; on-demand billing has no such limit',
  },
  ThrottlingException: { kind: 'busy', remedy: 'the next run tries again' },
  RequestLimitExceeded: { kind: 'busy', remedy: 'the next run tries again' },
  ValidationException: {
    kind: 'state',
    remedy: 'the lease table must have one key, the text attribute "key"',
  },
  CredentialsProviderError: {
    kind: 'privilege',
    remedy: 'set AWS credentials, or run without leases or with local ones',
  },
  UnrecognizedClientException: {
    kind: 'privilege',
    remedy: 'the AWS credentials are not valid for this account',
  },
  ExpiredTokenException: { kind: 'privilege', remedy: 'the AWS credentials have expired' },
};

/**
 * Converts an error of DynamoDB, or of the connection to it, to an error that names the table. The SDK's error is not
 * kept as the cause, because the request is attached to it, with its signature.
 */
export function asLeaseError(error: unknown, table: string): PgtideError {
  if (error instanceof PgtideError) return error;
  const { name, message, code } = error as Error & { code?: string };
  const known = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  const reason = message || code || name;
  return new PgtideError(
    known?.kind ?? 'connection',
    known
      ? `lease table ${table}: ${name}: ${reason}`
      : `the lease table ${table} cannot be reached: ${reason}`,
    {
      remedy:
        known?.remedy ??
        'no work was begun; check the network and the endpoint of DynamoDB, or run by hand without leases',
    },
  );
}
