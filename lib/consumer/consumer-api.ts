/** `pgtide/consumer`: what a consumer's function imports. Apart from `pgtide`, because it brings middy. */
// biome-ignore-all lint/performance/noBarrelFile: an entry of the published package; nothing inside imports it.
export { type Config, loadConfig, type NodeConfig, parseConfig } from '../config/config.ts';
export { type ErrorKind, PgtideError } from '../errors.ts';
export { parseChange, type RowChange, type Value } from '../pgq/change.ts';
export type { QueueEvent } from '../pgq/event.ts';
export type { NewEvent } from '../pgq/insert-events.ts';
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
  type Handling,
  NotNow,
} from './spec.ts';
