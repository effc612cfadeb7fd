/** A node's location is a connection string of libpq, with each value quoted as libpq requires, and never a password. */
import { describe, expect, test } from 'vitest';
import type { Client } from '../../../lib/db/client.ts';
import { locationOf } from '../../../lib/node/location.ts';
import { tlsOptions } from '../../../lib/secrets/tls.ts';

const connected = (connection: object) =>
  ({ connection: { port: 5432, password: "s3cr'et", ...connection } }) as unknown as Client;

describe('A location', () => {
  test.each([
    [
      { host: 'db.example', database: 'shop', user: 'app', ssl: tlsOptions('n', 'db.example', undefined) },
      'host=db.example port=5432 dbname=shop user=app sslmode=verify-full',
    ],
    [
      { host: 'db', database: 'shop', user: 'app', ssl: tlsOptions('n', 'db', { mode: 'require' }) },
      'host=db port=5432 dbname=shop user=app sslmode=require',
    ],
    [
      { host: 'db', database: 'shop', user: 'app', ssl: tlsOptions('n', 'db', { mode: 'verify-ca' }) },
      'host=db port=5432 dbname=shop user=app sslmode=verify-ca',
    ],
    [
      { host: '/run/pg', database: "it's a \\ x", user: '', ssl: false },
      "host=/run/pg port=5432 dbname='it\\'s a \\\\ x' user='' sslmode=disable",
    ],
  ])('of %j', (connection, location) => {
    expect(locationOf(connected(connection))).toBe(location);
    expect(location).not.toMatch(/s3cr|password/);
  });
});
