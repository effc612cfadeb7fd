import type { Config } from '../config/config.ts';
import type { QueueEvent } from '../pgq/event.ts';
import type { Environment } from '../runtime/environment.ts';

/** Argument of a handler besides its events. */
export interface Handling {
  readonly queue: string;
  readonly consumer: string;
  readonly batch: bigint;
  /** Time left for the handler. At zero, the handler counts as failed. */
  remainingMs(): number;
  /**
   * Aborted when no time is left. A handler that continues is not stopped, and runs concurrently with the next one, which may
   * receive the same events. So pass the signal to the operations that the handler waits for (`fetch`, timers, queries).
   */
  readonly signal: AbortSignal;
  /** Adds to a counter of the run's log line. */
  count(name: string, by?: number): void;
}

/** The destination's transaction. It ends only when the events are settled. */
export interface Destination {
  query<T = Record<string, unknown>>(text: string, values?: unknown[]): Promise<T[]>;
  first<T = Record<string, unknown>>(text: string, values?: unknown[]): Promise<T | undefined>;
}

export interface ExactlyOnceHandling extends Handling {
  /** Writes through this client are committed together with the consumer's position, or not at all. */
  readonly client: Destination;
}

/** One of two handlers: `onEvent` receives one event, `onBatch` receives all available events, at most `maxEvents`. */
export type Handlers<Given> =
  | { onEvent(event: QueueEvent, handling: Given): Promise<void> | void; onBatch?: undefined }
  | { onBatch(events: readonly QueueEvent[], handling: Given): Promise<void> | void; onEvent?: undefined };

export interface ConsumerOptions {
  queue: string;
  /** Name of the consumer, under which the queue stores the position. */
  consumer: string;
  /** Default: the queue's root if the configuration contains the queue, otherwise the only node of the configuration. */
  node?: string;
  /** Registers the consumer at its first run; it then receives events that are inserted after that. Default true. */
  register?: boolean;
  /** Largest number of events in a slice: in one call of `onBatch`, and in one commit. Default 500. */
  maxEvents?: number;
  /** Largest number of characters in a slice; a single event may be larger. Default 16 million. */
  maxBytes?: number;
  retry?: {
    /** Delay until a failed event is retried: a number, or a function of the number of earlier retries. Default 60. */
    seconds?: number | ((retries: number) => number);
    /** Number of retries before it becomes a dead letter. Default 5. */
    max?: number;
  };
  /** If false, the consumer takes no lease. Then two concurrent runs may both handle an event. Default true. */
  lease?: boolean;
  /** Longest duration of one invocation, in seconds; shorter if Lambda's timeout is near. Default 55. */
  maxSeconds?: number;
  /** Default: the file of PGTIDE_CONFIG, or ./pgtide.yml. */
  config?: Config;
  environment?: Environment;
}

export type AtLeastOnceSpec = ConsumerOptions & { exactlyOnce?: undefined } & Handlers<Handling>;

export type ExactlyOnceSpec = ConsumerOptions & {
  /** The node whose database the handler writes to. That database stores the position, in pgq_ext. */
  exactlyOnce: { into: string };
} & Handlers<ExactlyOnceHandling>;

export type ConsumerSpec = AtLeastOnceSpec | ExactlyOnceSpec;

/**
 * A handler throws this error if something that it needs is temporarily unavailable. The run ends, no event is counted as failed,
 * and the next run begins with the same event.
 */
export class NotNow extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'NotNow';
  }
}
