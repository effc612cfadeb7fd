import type { Budget } from '../budget.ts';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { type Batch, finishBatch } from '../pgq/batch.ts';
import type { QueueEvent } from '../pgq/event.ts';
import type { RetryRule } from '../pgq/retry.ts';
import type { Judged } from './judge.ts';
import type { Destination } from './spec.ts';

/** Arguments of a handler besides its events. */
export interface Given {
  batch: Batch;
  signal: AbortSignal;
  /** The destination's transaction, if the consumer is exactly once. */
  client?: Destination;
}

/** Settings, connections and callbacks of a run. */
export interface Run {
  readonly queue: string;
  readonly consumer: string;
  readonly budget: Budget;
  /** Connection to the queue's database. It is not in a transaction between two steps. */
  readonly source: Client;
  readonly rule: RetryRule;
  /** The user's handler, for one event, or for all given events. */
  handle(group: readonly QueueEvent[], given: Given): Promise<void> | void;
  /** Called when a handler's time was over, see lib/consumer/judge.ts. */
  outlived(stillRuns: boolean): void;
  /** True if a handler takes one event at a time. */
  readonly oneByOne: boolean;
  settled(events: number, put: { retried: number; dead: number }): void;
  failed(id: bigint, reason: string): void;
}

export interface Work {
  batch: Batch;
  events: readonly QueueEvent[];
  /** True if the batch ends with these events. */
  last: boolean;
}

/** The place at which a run starts a batch. */
export type Start =
  /** An earlier run settled the whole batch; it is now finished on the queue. */
  | { kind: 'settled' }
  | {
      kind: 'open';
      /** All events up to this one are settled. */
      after: bigint;
      /** True if an earlier run died with the next events. */
      died: boolean;
      /** The event that a run was trying alone when it died; 0 if none. */
      trying: bigint;
    };

export type Attempt = (group: readonly QueueEvent[]) => Promise<void>;

/** Delivery guarantee (at least once, or exactly once): the only difference between the two kinds of consumers. */
export interface Delivery {
  /** Prepares the consumer's places in the two databases, if they are not ready. */
  register(wanted: boolean): Promise<void>;
  start(batch: Batch): Promise<Start>;
  /** Stores that the events after this one are begun, and, in a careful run, which event is tried. */
  begin(batch: Batch, after: bigint, trying: bigint): Promise<void>;
  /** Reverts `begin`, because the run ends normally. */
  pause(): Promise<void>;
  /** Judges the events, commits the results, and finishes the batch if it ends with these events. */
  settle(work: Work, judge: (attempt: Attempt) => Promise<Judged>): Promise<Judged>;
}

export function isWhole({ events, last }: Work, judged: Judged): boolean {
  return last && judged.settled === events.length;
}

/** Returns the last of these events that is settled; undefined if none is. */
export function lastSettled({ events }: Work, { settled }: Judged): bigint | undefined {
  return events[settled - 1]?.id;
}

/** Finishes the batch on the queue. Its failed events are scheduled for a retry in the same transaction, or in an earlier one. */
export async function finish({ source, consumer }: Run, batch: Batch): Promise<void> {
  if (await finishBatch(source, batch.id)) return;
  throw new PgtideError('fenced', `${source.node}: batch ${batch.id} of ${consumer} is not open any more`, {
    remedy: 'another run has finished it, or somebody moved the consumer; the next run goes on from there',
  });
}
