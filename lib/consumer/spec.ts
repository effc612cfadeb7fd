import type { Config } from '../config/config.ts';
import type { QueueEvent } from '../pgq/event.ts';
import type { Environment } from '../runtime/environment.ts';

/** What a handler gets besides its events. */
export interface Handling {
  readonly queue: string;
  readonly consumer: string;
  readonly batch: bigint;
  /** What is left for the handler. At zero it is taken for failed. */
  remainingMs(): number;
  /**
   * Aborted at that moment. A handler that goes on is not stopped, and runs beside the next one, which may be handed the same events:
   * so hand the signal to what it waits for (`fetch`, timers, queries).
   */
  readonly signal: AbortSignal;
  /** Adds to a counter of the run's log line. */
  count(name: string, by?: number): void;
}

/** The destination's transaction. It ends when the events are settled, and not before. */
export interface Destination {
  query<T = Record<string, unknown>>(text: string, values?: unknown[]): Promise<T[]>;
  first<T = Record<string, unknown>>(text: string, values?: unknown[]): Promise<T | undefined>;
}

export interface ExactlyOnceHandling extends Handling {
  /** What is written through it is committed together with the consumer's position, or not at all. */
  readonly client: Destination;
}

/** One of the two: each event by itself, or as many as there are, at most `maxEvents`. */
export type Handlers<Given> =
  | { onEvent(event: QueueEvent, handling: Given): Promise<void> | void; onBatch?: undefined }
  | { onBatch(events: readonly QueueEvent[], handling: Given): Promise<void> | void; onEvent?: undefined };

export interface ConsumerOptions {
  queue: string;
  /** Its name: the queue keeps the position under it. */
  consumer: string;
  /** Default: the queue's root where the configuration has the queue, else its only node. */
  node?: string;
  /** Registers the consumer at its first run; it then sees what is made from there on. Default true. */
  register?: boolean;
  /** Most events of a slice: of one call of `onBatch`, and of one commit. Default 500. */
  maxEvents?: number;
  /** Most characters of a slice, where an event is not larger by itself. Default 16 million. */
  maxBytes?: number;
  retry?: {
    /** After how long a failed event comes again; default 60, or by how often it has come again before. */
    seconds?: number | ((retries: number) => number);
    /** How often it comes again before it is a dead letter. Default 5. */
    max?: number;
  };
  /** False: takes no lease. Two runs at the same time then may both handle an event. Default true. */
  lease?: boolean;
  /** Most that one invocation takes, in seconds; less where Lambda's timeout is near. Default 55. */
  maxSeconds?: number;
  /** Default: the file of PGTIDE_CONFIG, or ./pgtide.yml. */
  config?: Config;
  environment?: Environment;
}

export type AtLeastOnceSpec = ConsumerOptions & { exactlyOnce?: undefined } & Handlers<Handling>;

export type ExactlyOnceSpec = ConsumerOptions & {
  /** The node whose database the handler writes to; it keeps the position, in pgq_ext. */
  exactlyOnce: { into: string };
} & Handlers<ExactlyOnceHandling>;

export type ConsumerSpec = AtLeastOnceSpec | ExactlyOnceSpec;

/**
 * Thrown by a handler when what it needs is not there just now. The run ends, no event is counted as failed, and the
 * next run begins with the same event.
 */
export class NotNow extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'NotNow';
  }
}
