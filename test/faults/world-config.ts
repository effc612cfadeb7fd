/** The configuration of a campaign: one queue from `old` to `new`. */
import { type Config, parseConfig } from '../../lib/config/config.ts';
import type { TestDatabase } from '../support/database.ts';
import type { Campaign, Side } from './schedule.ts';

export const QUEUE = 'shop';
export const CONSUMER = 'shop.new';

/** `portOf`: the server's port, or that of a wire that faults can cut. */
export function worldConfig(
  campaign: Campaign,
  databases: Record<Side, TestDatabase>,
  portOf: (side: Side) => number,
): Config {
  const url = (side: Side) => {
    const { user, password, database } = databases[side].target;
    return `postgres://${user}:${password}@127.0.0.1:${portOf(side)}/${database}`;
  };
  const nodes = { old: { url: url('old') }, new: { url: url('new') } };
  const config = parseConfig(
    JSON.stringify({
      nodes,
      queues: {
        [QUEUE]: {
          root: 'old',
          leaves: ['new'],
          tickSeconds: 0,
          replay: { maxEvents: campaign.maxEvents },
        },
      },
    }),
  );
  const queue = config.queues[QUEUE];
  if (!queue) throw new Error('there is a queue');
  // Below what a file may say: chunks and rotations come often.
  Object.assign(queue, { rotationSeconds: 0, copy: { parallelChunks: 2, chunkBytes: 32_768 } });
  // Only leases depend on the time that passes here. It is not compared with the clocks of the servers.
  Object.assign(config.lease, { skewSeconds: 86_400 });
  return config;
}
