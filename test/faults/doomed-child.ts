/**
 * A run in a separate process. In each gap it asks its parent for leave to go on, and the parent may kill it. Started by
 * doomed.ts.
 */
import { Budget } from '../../lib/budget.ts';
import { systemClock } from '../../lib/clock.ts';
import { type ConnectionTarget, withClient } from '../../lib/db/client.ts';
import { PgtideError } from '../../lib/errors.ts';
import { placeOf } from '../../lib/topology/tree.ts';
import type { UnitContext } from '../../lib/unit-context/context.ts';
import { copyWith } from '../../lib/units/copy.ts';
import { replayWith } from '../../lib/units/replay.ts';

export interface DoomedOrder {
  unit: 'replay' | 'copy';
  config: UnitContext['config'];
  queue: string;
  epoch: string;
  targets: Record<string, ConnectionTarget>;
}

export type DoomedReport = { ready: true } | { gap: string; nr: number } | { end: string; message: string };

const say = (report: DoomedReport) => void process.send?.(report);
/** The gaps that wait for leave. Copiers that work at the same time have one each. */
const waiting = new Map<number, () => void>();
let gaps = 0;

async function run({ unit, config, queue, epoch, targets }: DoomedOrder): Promise<void> {
  const at = (gap: string) =>
    new Promise<void>((resolve) => {
      waiting.set(++gaps, resolve);
      say({ gap, nr: gaps });
    });
  const context: UnitContext = {
    config,
    queue,
    ...placeOf(config, queue, 'new'),
    epoch: BigInt(epoch),
    budget: new Budget(systemClock, 8_000),
    clock: systemClock,
    connect: (name, work) => {
      const target = targets[name];
      if (!target) throw new Error(`no node ${name}`);
      return withClient(target, `pgtide ${queue}`, work, { pinned: true });
    },
    count: () => undefined,
    gauge: () => undefined,
    step: (_name, work) => work(),
  };
  try {
    const outcome = await (unit === 'replay' ? replayWith({ at }) : copyWith({ at }))(context);
    say({ end: outcome.kind, message: '' });
  } catch (error) {
    say({ end: error instanceof PgtideError ? error.kind : 'unknown', message: String(error) });
  }
}

process.on('message', (message: DoomedOrder | number) =>
  typeof message === 'number' ? waiting.get(message)?.() : void run(message),
);
process.on('disconnect', () => process.exit());
say({ ready: true });
