import { z } from 'zod';
import { installNodes, type NodesInstalled } from '../install/install-nodes.ts';
import type { OnDemandUnit } from '../unit-context/context.ts';

export const installInput = z.strictObject({
  nodes: z
    .array(z.string())
    .optional()
    .describe('Only these nodes of the queue; default the root and every leaf.'),
});
/**
 * Input of `install`.
 * @interface
 */
export type InstallInput = z.output<typeof installInput>;

export type InstallResult = NodesInstalled;

/** Creates the configured nodes of a queue, or only the named ones. */
export const install: OnDemandUnit<InstallInput, InstallResult> = async (context, input) => ({
  outcome: { kind: 'done' },
  result: await installNodes(context, input.nodes),
});
