import { PgtideError } from '../errors.ts';
import { type Config, nodeConfig } from './config.ts';

/** The node on which a queue is: the one that is named, else the queue's root where it is configured, else the only one. */
export function nodeOfQueue(config: Config, queue: string, named?: string): string {
  if (named !== undefined) {
    nodeConfig(config, named);
    return named;
  }
  if (Object.hasOwn(config.queues, queue)) return config.queues[queue]?.root ?? '';
  const [only, ...others] = Object.keys(config.nodes);
  if (only !== undefined && others.length === 0) return only;
  throw new PgtideError('input', `the configuration does not say on which node the queue ${queue} is`, {
    remedy: `name one of its nodes: ${[only, ...others].join(', ')}`,
  });
}
