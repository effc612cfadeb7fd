import type { Clock } from '../clock.ts';
import type { Client } from '../db/client.ts';
import { aheadOf, clockToleranceMs } from '../node/clock-offset.ts';
import type { Problem } from './found-problem.ts';

/** A time further in the future than this was not read from the clock as it is now. */
const FUTURE_SECONDS = 5;

/** Reports a tick in the future: the root's clock was set back after it, and no tick was created since. Then `age` is below 0. */
export function tickOfTheFuture(queue: string, root: string, age: number): Problem[] {
  if (age > -FUTURE_SECONDS) return [];
  return [
    {
      code: 'clock-set-back',
      message: `the last tick of ${queue} lies ${Math.round(-age)} s in the future: the clock of ${root} was set back`,
      remedy:
        'check that its clock is right now, and that the schedule of tick is on: the next tick bears the right time',
    },
  ];
}

/** Compares the clocks of a queue's databases and of this machine. */
export class ClockComparison {
  readonly #clock: Clock;
  readonly #toleranceMs: number;
  readonly #nodes: readonly string[];
  /** For each node, the time by which this machine's clock is ahead of the node's clock. */
  readonly #ahead = new Map<string, number>();

  /** `nodes`: the root first. `note` may be called for them in any order. */
  constructor(clock: Clock, { skewSeconds, nodes }: { skewSeconds: number; nodes: readonly string[] }) {
    this.#clock = clock;
    this.#toleranceMs = clockToleranceMs(skewSeconds);
    this.#nodes = nodes;
  }

  async note(client: Client): Promise<void> {
    this.#ahead.set(client.node, await aheadOf(client, this.#clock));
  }

  /** Returns the clock problems of each node. If the clocks of all nodes differ from this machine's, this machine's clock is wrong. */
  problems(): Map<string, Problem[]> {
    const nodes = this.#nodes.flatMap((node): [string, number][] => {
      const ahead = this.#ahead.get(node);
      return ahead === undefined ? [] : [[node, ahead]];
    });
    const first = nodes[0];
    if (!first) return new Map();
    const [reference, machineAhead] = first;
    const found = new Map<string, Problem[]>();
    const add = (node: string, problem: Problem) => found.set(node, [...(found.get(node) ?? []), problem]);
    for (const [node, ahead] of nodes.slice(1))
      if (this.#differ(machineAhead - ahead))
        add(node, clocksDiffer(`that of ${node}`, `that of ${reference}`, machineAhead - ahead));
    const isAlone = nodes.every(([, ahead]) => this.#differ(ahead));
    if (isAlone) add(reference, clocksDiffer('that of this machine', `that of ${reference}`, machineAhead));
    return found;
  }

  #differ(ms: number): boolean {
    return Math.abs(ms) > this.#toleranceMs;
  }
}

function clocksDiffer(one: string, other: string, aheadMs: number): Problem {
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  return {
    code: 'clocks-differ',
    message: `clocks differ: ${one} is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} ${other}`,
    remedy:
      'set the clock that is wrong, and keep it right (NTP); ages and lags are off by as much until then',
  };
}
