import { copySteps } from '../../lib/copy/copy-work.ts';
import { replaySteps } from '../../lib/replay/replay-work.ts';
import type { StruckRun } from './strike.ts';
import type { World } from './world.ts';

export interface Gap {
  at: (step: string) => Promise<void>;
  readonly met: boolean;
}

/** The gap that a fault has chosen, at the n-th time that the run reaches it. */
export function atGap({ unit, strike }: StruckRun, act: () => Promise<unknown>): Gap {
  const gaps: readonly string[] = unit === 'copy' ? copySteps : replaySteps;
  const chosen = gaps[strike.gap % gaps.length];
  let count = 0;
  let met = false;
  return {
    async at(step) {
      if (step !== chosen || met || ++count < strike.nth) return;
      met = true;
      await act();
    },
    get met() {
      return met;
    },
  };
}

/** Waits for work, but not for long: the work may itself wait for the run in whose gap it began. */
export async function briefly(world: World, work: Promise<unknown>, ms = 250): Promise<void> {
  const settled = work.catch((error: unknown) => {
    world.problems.push(String(error));
  });
  world.loose.push(settled);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([settled, late]);
  clearTimeout(timer);
}
