import type { Budget } from '../budget.ts';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { type Batch, finishBatch } from '../pgq/batch.ts';
import type { QueueEvent } from '../pgq/event.ts';
import type { RetryRule } from '../pgq/retry.ts';
import type { Judged } from './judge.ts';
import type { Destination } from './spec.ts';

/** What a handler gets. */
export interface Given {
  batch: Batch;
  signal: AbortSignal;
  /** Exactly once: the destination's transaction. */
  client?: Destination;
}

/** What a run works with. */
export interface Run {
  readonly queue: string;
  readonly consumer: string;
  readonly budget: Budget;
  /** The queue's database. Not in a transaction between two steps. */
  readonly source: Client;
  readonly rule: RetryRule;
  /** The user's handler: of one event, or of all that are given. */
  handle(group: readonly QueueEvent[], given: Given): Promise<void> | void;
  /** A handler's time was over, see lib/consumer/judge.ts. */
  outlived(stillRuns: boolean): void;
  /** True: a handler takes one event at a time. */
  readonly oneByOne: boolean;
  settled(events: number, put: { retried: number; dead: number }): void;
  failed(id: bigint, reason: string): void;
}

export interface Work {
  batch: Batch;
  events: readonly QueueEvent[];
  /** The batch ends with these events. */
  last: boolean;
}

/** Where a batch is to be taken up. */
export type Start =
  /** An earlier run settled all of it; the batch is now finished on the queue. */
  | { kind: 'settled' }
  | {
      kind: 'open';
      /** All events up to this one are settled. */
      after: bigint;
      /** An earlier run died with what comes next. */
      died: boolean;
      /** The event that a run was trying by itself when it died; 0: none. */
      trying: bigint;
    };

export type Attempt = (group: readonly QueueEvent[]) => Promise<void>;

/** How often an event is delivered: the one thing in which the two kinds of consumers differ. */
export interface Delivery {
  /** Makes the consumer's places in the two databases ready, where they are not. */
  register(wanted: boolean): Promise<void>;
  start(batch: Batch): Promise<Start>;
  /** Notes that what comes after this event is begun with, and in a careful run which event. */
  begin(batch: Batch, after: bigint, trying: bigint): Promise<void>;
  /** Takes that back, because the run ends orderly. */
  pause(): Promise<void>;
  /** Has events judged, commits what became of them, and finishes the batch where it ends with them. */
  settle(work: Work, judge: (attempt: Attempt) => Promise<Judged>): Promise<Judged>;
}

export function isWhole({ events, last }: Work, judged: Judged): boolean {
  return last && judged.settled === events.length;
}

/** The last event that is settled; undefined: none of these. */
export function lastSettled({ events }: Work, { settled }: Judged): bigint | undefined {
  return events[settled - 1]?.id;
}

/** Finishes the batch on the queue; its failed events are put aside in the same transaction, or in one before. */
export async function finish({ source, consumer }: Run, batch: Batch): Promise<void> {
  if (await finishBatch(source, batch.id)) return;
  throw new PgtideError('fenced', `${source.node}: batch ${batch.id} of ${consumer} is not open any more`, {
    remedy: 'another run has finished it, or somebody moved the consumer; the next run goes on from there',
  });
}
