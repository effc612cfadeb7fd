/** The table that people read. */
import type { Build } from './build.ts';
import type { BenchResult } from './case.ts';

const figure = (value: number) =>
  value.toLocaleString('en-US', { maximumSignificantDigits: value >= 1000 ? 21 : 3 });

export function reportLines(results: readonly BenchResult[], build: Build): string[] {
  const lines = results.flatMap(({ name, ours, unit, peers, ratio, goal, met }) => {
    const verdict = met === null ? '   ' : met ? 'met' : 'MISSED';
    const beside = Object.entries(peers).map(([peer, value]) => `${peer} ${figure(value)}`);
    return [
      `${verdict.padEnd(7)}${name}`,
      `       pgtide ${figure(ours)} ${unit}${beside.length > 0 ? ` · ${beside.join(' · ')}` : ''}`,
      ...(goal || ratio !== null
        ? [
            `       ${[ratio !== null && `ratio ${figure(ratio)}`, goal && `goal ${goal}`].filter(Boolean).join(', ')}`,
          ]
        : []),
    ];
  });
  const judged = results.filter(({ met }) => met !== null);
  const met = judged.filter(({ met }) => met);
  return [
    ...lines,
    '',
    `${met.length} of ${judged.length} goals are met. ${build.name}.`,
    ...skippedLines(build),
  ];
}

export function skippedLines({ skipped }: Build): string[] {
  return Object.entries(skipped).map(([peer, why]) => `left out: ${peer}: ${why}`);
}
