/**
 * examples/mail-consumer: the blocks of its README send a mail for each order, once; one of them after a retry and as a
 * dead letter.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Ended } from '../support/command-line.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { blocksOf, example } from '../support/example.ts';

let ended: Ended;
let sent: { id: string; to: string }[];

beforeAll(async () => {
  const app = await createDatabase(await postgres(17));
  const { folder, page, run } = example('mail-consumer');
  ended = await run(blocksOf(page, 'sh'), { APP_URL: app.url });
  const lines = readFileSync(join(folder, 'sent-mail.txt'), 'utf8').trimEnd().split('\n');
  sent = lines.map((line) => JSON.parse(line));
});

test('every step succeeds', () => {
  expect(ended.status, ended.out + ended.err).toBe(0);
  expect(ended.out).toContain(`{ outcome: 'applied', events: 2, failed: 1 }`);
});

test('a refused mail is retried, and then is a dead letter', () => {
  expect(ended.out).toMatch(/order-mail +after .* put aside 1 time +order-placed .*ben@example\.com/);
  expect(ended.out).toContain(`{ outcome: 'applied', events: 1, failed: 1 }`);
  expect(ended.out).toMatch(/order-mail .* 550 no such mailbox +order-placed .*ben@example\.com/);
});

test('each committed order has one mail', () => {
  expect(sent.map(({ id, to }) => [id, to])).toEqual([
    ['<order-1@shop.example>', 'ann@example.com'],
    ['<order-2@shop.example>', 'ben@example.com'],
  ]);
});
