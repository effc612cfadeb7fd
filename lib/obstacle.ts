import { type ErrorKind, PgtideError } from './errors.ts';

/** A reason why a table cannot be replicated as it is. */
export interface Obstacle {
  kind: ErrorKind;
  text: string;
  remedy?: string | undefined;
}

const MAX_SHOWN = 20;

/** Throws one error for all obstacles that were found; nothing has been changed by then. */
export function refuse(what: string, obstacles: readonly Obstacle[]): void {
  const [first] = obstacles;
  if (!first) return;
  if (obstacles.length === 1) throw new PgtideError(first.kind, first.text, { remedy: first.remedy });
  const shown = obstacles.slice(0, MAX_SHOWN).map(({ text }) => `  ${text}`);
  if (obstacles.length > MAX_SHOWN) shown.push(`  and ${obstacles.length - MAX_SHOWN} more`);
  const remedies = [...new Set(obstacles.flatMap(({ remedy }) => remedy ?? []))].slice(0, MAX_SHOWN);
  throw new PgtideError(first.kind, [`${what}:`, ...shown].join('\n'), {
    remedy: remedies.join('\n') || undefined,
  });
}
