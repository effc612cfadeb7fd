/**
 * AWS services that the network does not reach: found out soon, named, and reported as an operator's error by the function
 * that meets it.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { awsClientLimits } from '../../lib/aws-endpoint.ts';
import { createDynamoDbClient, DynamoDbLeaseStore } from '../../lib/lease/dynamodb-store.ts';
import { createSecretReader } from '../../lib/secrets/secret-reader.ts';
import { silentServer } from '../support/silent-server.ts';

const arnOf = (name: string, region = 'eu-central-1') =>
  `arn:aws:secretsmanager:${region}:123456789012:secret:${name}`;
const ATTEMPTS = 4;

const { requestHandler } = awsClientLimits;
const usualTimeout = requestHandler.requestTimeout;
beforeEach(() => {
  requestHandler.requestTimeout = 300;
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'none');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'none');
});
afterEach(() => {
  requestHandler.requestTimeout = usualTimeout;
  vi.unstubAllEnvs();
});

function storeAt(endpoint: string): DynamoDbLeaseStore {
  const client = createDynamoDbClient({ endpoint, region: 'eu-central-1' });
  return new DynamoDbLeaseStore({
    client,
    table: 'pgtide-lease',
    skewMs: 0,
    clock: { now: () => Date.now() },
  });
}

test('DynamoDB that does not answer a function waits for an operator, who reads which endpoint to add', async () => {
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'pgtide-prod-replay');
  const silent = await silentServer();
  await expect(storeAt(`http://127.0.0.1:${silent.port}`).acquire('k', 'me', 1000)).rejects.toMatchObject({
    kind: 'state',
    message: 'DynamoDB at 127.0.0.1 does not answer from the network of this function',
    remedy: expect.stringContaining('add the gateway endpoint com.amazonaws.eu-central-1.dynamodb'),
  });
  expect(silent.asked).toBe(ATTEMPTS);
  const nameless = storeAt('https://dynamodb.eu-central-1.invalid');
  await expect(nameless.states(['k'])).rejects.toMatchObject({
    kind: 'state',
    message: expect.stringContaining('DynamoDB at dynamodb.eu-central-1.invalid does not answer'),
  });
});

test('DynamoDB that does not answer is waited for once in a run, and asked again in the next one', async () => {
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'pgtide-prod-tick');
  const silent = await silentServer();
  const store = storeAt(`http://127.0.0.1:${silent.port}`);
  const trouble = { trouble: null };
  for (const call of [
    () => store.states(['k']),
    () => store.acquire('k', 'me', 1000),
    () => store.note('k', trouble),
  ])
    await expect(call()).rejects.toMatchObject({ kind: 'state' });
  expect(silent.asked).toBe(ATTEMPTS);
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 45_000);
  await expect(store.note('k', trouble)).rejects.toMatchObject({ kind: 'state' });
  expect(silent.asked).toBe(2 * ATTEMPTS);
  vi.restoreAllMocks();
});

test('Secrets Manager that does not answer a function is waited for once, not for each secret', async () => {
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'pgtide-prod-tick');
  const silent = await silentServer();
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', `http://127.0.0.1:${silent.port}`);
  const reader = createSecretReader();
  for (const name of ['old', 'new', 'old'])
    await expect(reader.read(arnOf(name))).rejects.toMatchObject({
      kind: 'state',
      message: 'Secrets Manager at 127.0.0.1 does not answer from the network of this function',
      remedy: expect.stringContaining('the interface endpoint com.amazonaws.eu-central-1.secretsmanager'),
    });
  expect(silent.asked).toBe(ATTEMPTS);
  // Another region has another endpoint.
  await expect(reader.read(arnOf('old', 'eu-west-1'))).rejects.toMatchObject({ kind: 'state' });
  expect(silent.asked).toBe(2 * ATTEMPTS);
});

test('a call that gets no answer is given up while a run still has time to say so', () => {
  const { connectionTimeout } = requestHandler;
  expect(awsClientLimits.maxAttempts * Math.max(connectionTimeout, usualTimeout)).toBeLessThanOrEqual(12_000);
});

test('elsewhere the same error is transient: the network of a laptop comes and goes', async () => {
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', undefined);
  const silent = await silentServer();
  await expect(storeAt(`http://127.0.0.1:${silent.port}`).acquire('k', 'me', 1000)).rejects.toMatchObject({
    kind: 'connection',
    message: 'DynamoDB at 127.0.0.1 does not answer',
  });
});
