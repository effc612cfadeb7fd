/** Arguments of several commands of `pgtide queue`, and their parsers. */
import { InvalidArgumentError } from 'commander';
import { usage } from '../usage.ts';
import type { Setting } from './administration.ts';

export const queueArgument = ['<queue>', 'the queue'] as const;
export const consumerArgument = ['<consumer>', 'the consumer'] as const;

export function setting(text: string, before: Setting[] = []): Setting[] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('It must be parameter=value.');
  return [...before, [text.slice(0, equals), text.slice(equals + 1)]];
}

export function id(text: string): bigint {
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

export function ids(text: string, before: bigint[] = []): bigint[] {
  return [...before, id(text)];
}

export function most(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

/** Requires either ids or `--all`, and not both. */
export function chosen(events: bigint[], all: boolean | undefined): bigint[] {
  if (all && events.length > 0) throw usage('name events or give --all, not both');
  if (!all && events.length === 0) throw usage('no event is named; name ids or give --all');
  return events;
}
