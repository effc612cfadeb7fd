/** lib/topology/tree.ts: roles and providers, as the configuration defines them. */
import { expect, test } from 'vitest';
import { parseConfig } from '../../../lib/config/config.ts';
import {
  isSubscriber,
  nodeOfQueue,
  nodesOf,
  placeAlone,
  placeOf,
  placesOf,
  queuesOfRoot,
  rootOf,
  subscribersOf,
} from '../../../lib/topology/tree.ts';

const nodes = Object.fromEntries(
  ['old', 'new', 'copy', 'other'].map((name) => [name, { url: `postgres://x@127.0.0.1/${name}` }]),
);
const config = parseConfig(
  JSON.stringify({
    nodes,
    queues: {
      shop: { root: 'old', leaves: ['new', 'copy'] },
      mails: { root: 'old' },
      back: { root: 'new', leaves: ['old'] },
    },
  }),
);

test('the root comes first and is its own provider; the others follow it', () => {
  expect(placesOf(config, 'shop')).toEqual([
    { node: 'old', role: 'root', provider: 'old' },
    { node: 'new', role: 'leaf', provider: 'old' },
    { node: 'copy', role: 'leaf', provider: 'old' },
  ]);
  expect(nodesOf(config, 'shop', isSubscriber)).toEqual(['new', 'copy']);
  expect(subscribersOf(config, 'shop', 'old')).toEqual(['new', 'copy']);
  expect(subscribersOf(config, 'shop', 'new')).toEqual([]);
  expect(nodesOf(config, 'mails', isSubscriber)).toEqual([]);
});

test('a node has a place in each of its queues', () => {
  expect(placeOf(config, 'shop', 'new')).toEqual({ node: 'new', role: 'leaf', provider: 'old' });
  expect(placeOf(config, 'back', 'new')).toEqual({ node: 'new', role: 'root', provider: 'new' });
  expect(queuesOfRoot(config, 'old')).toEqual(['shop', 'mails']);
});

test('a node that is not in the queue’s tree has no place there', () => {
  expect(() => placeOf(config, 'shop', 'other')).toThrow(/"other" is not a node of the queue shop/);
});

test('a queue that is not configured is on the node that a consumer names', () => {
  expect(placeAlone('other')).toEqual({ node: 'other', role: 'root', provider: 'other' });
  expect(nodeOfQueue(config, 'theirs', 'other')).toBe('other');
  expect(nodeOfQueue(config, 'shop')).toBe('old');
  expect(() => nodeOfQueue(config, 'theirs')).toThrow(/does not say on which node the queue theirs is/);
  expect(() => rootOf(config, 'theirs')).toThrow(/there is no queue "theirs" in the configuration/);
});
