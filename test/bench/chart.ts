/**
 * The results that have a goal and a peer, as an SVG for docs/benchmarks.md: bars in groups, the longest of each group as
 * wide as the page.
 */
import type { BenchResult } from './case.ts';

const WIDTH = 900;
const LABEL = 250;
const VALUE = 130;
const BAR = 15;
const GAP = 22;

const style = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .goal { fill: #59636e; font-size: 11px; }
  .ours { fill: #0969da; } .peer { fill: #afb8c1; } .missed { fill: #bc4c00; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .goal { fill: #9198a1; } .ours { fill: #4493f8; } .peer { fill: #57606a; } .missed { fill: #db6d28; }
  }`;

export function chartOf(results: readonly BenchResult[]): string {
  let y = 10;
  const parts: string[] = [];
  for (const result of results.filter(shown)) {
    const group = groupOf(result, y);
    parts.push(group.svg);
    y = group.below + GAP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" role="img"
  aria-label="pgtide beside other ways to replicate">
<style>${style}</style>
${parts.join('\n')}
</svg>
`;
}

/** Growth is shown by exponents, not by bars. */
function shown({ name, met, peers }: BenchResult): boolean {
  return met !== null && Object.keys(peers).length > 0 && !name.startsWith('scale');
}

function groupOf(result: BenchResult, top: number): { svg: string; below: number } {
  const bars = [['pgtide', result.ours] as const, ...Object.entries(result.peers)];
  const longest = Math.max(...bars.map(([, value]) => value), Number.MIN_VALUE);
  const verdict = result.goal
    ? ` – goal ${result.goal}${result.met === null ? '' : result.met ? ', met' : ', missed'}`
    : '';
  const lines = [
    `<text class="title" x="0" y="${top + 12}">${escaped(result.name)} <tspan class="goal">(${escaped(result.unit)}${escaped(verdict)})</tspan></text>`,
  ];
  let y = top + 20;
  for (const [name, value] of bars) {
    const width = Math.max(1, (Math.max(0, value) / longest) * (WIDTH - LABEL - VALUE));
    const kind = name !== 'pgtide' ? 'peer' : result.met === false ? 'missed' : 'ours';
    lines.push(
      `<text x="${LABEL - 8}" y="${y + 12}" text-anchor="end">${escaped(name)}</text>`,
      `<rect class="${kind}" x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 3}" rx="2"/>`,
      `<text x="${(LABEL + width + 6).toFixed(1)}" y="${y + 11}">${value.toLocaleString('en-US')}</text>`,
    );
    y += BAR;
  }
  return { svg: lines.join('\n'), below: y };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
