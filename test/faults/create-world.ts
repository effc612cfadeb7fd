/** Makes the world of a campaign: its databases, wires and leases on the servers. */
import { startLocalDynamoDb } from '../../lib/lease/local-dynamodb.ts';
import { openWire } from '../support/crash-proxy.ts';
import type { Campaign } from './schedule.ts';
import type { FaultServers } from './servers.ts';
import { World } from './world.ts';
import { createDatabase } from './world-databases.ts';

let worlds = 0;

export async function createWorld(servers: FaultServers, campaign: Campaign): Promise<World> {
  const name = `world_${++worlds}`;
  const database = {
    old: await createDatabase(servers.server.old, name),
    new: await createDatabase(servers.server.new, name),
  };
  const wires = {
    old: await openWire(servers.relay.old.through(database.old.target)),
    new: await openWire(servers.relay.new.through(database.new.target)),
  };
  const leases = await startLocalDynamoDb();
  const world = new World(campaign, { servers, database, wires, leases, prefix: 'r' });
  await world.create();
  return world;
}
