import { onDemandHandler } from '../lib/runtime/on-demand-handler.ts';
import { install, installInput } from '../lib/units/install.ts';

/** On demand: installs the SQL functions and creates the nodes of a queue. */
export const handler = onDemandHandler({ name: 'install', unit: install, input: installInput });
