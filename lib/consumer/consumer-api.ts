/**
 * `pgtide/consumer`: the imports of a consumer's function. It is separate from `pgtide`, because it depends on middy.
 * @module pgtide/consumer
 */
// biome-ignore-all lint/performance/noBarrelFile: an entry of the published package; nothing inside imports it.
export { type Config, loadConfig, type NodeConfig, parseConfig } from '../config/config.ts';
export type { Client, ConnectionTarget, Row, TransactionOptions } from '../db/client.ts';
export { type ErrorKind, PgtideError } from '../errors.ts';
export { parseChange, type RowChange, type Value } from '../pgq/change.ts';
export type { QueueEvent } from '../pgq/event.ts';
export type { NewEvent, Queryable } from '../pgq/insert-events.ts';
export type { Environment } from '../runtime/environment.ts';
export type { LambdaHandler } from '../runtime/stack.ts';
export { type ConsumerResponse, createConsumer } from './create-consumer.ts';
export { type Producer, produce, produceBulk } from './produce.ts';
export {
  type AtLeastOnceSpec,
  type ConsumerOptions,
  type Destination,
  type ExactlyOnceHandling,
  type ExactlyOnceSpec,
  type Handlers,
  type Handling,
  NotNow,
} from './spec.ts';
