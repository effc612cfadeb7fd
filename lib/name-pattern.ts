/** Which tables people mean by the names and patterns that they give. */
import { PgtideError } from './errors.ts';

/**
 * True when the whole name is of the pattern: `*` stands for any characters, `?` for one. At a mismatch only the last `*` takes
 * one character more: what an earlier one could take instead, the last one can too. So there are at most as many steps as
 * pattern and name have characters, multiplied; a regular expression would try all ways to share the name out.
 */
export function isOfPattern(name: string, pattern: string): boolean {
  const text = [...name];
  const wanted = [...pattern];
  let at = 0;
  let star = -1;
  let taken = 0;
  for (let place = 0; place < text.length; ) {
    if (wanted[at] === '*') {
      star = at++;
      taken = place;
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === text[place])) {
      at++;
      place++;
    } else if (star >= 0) {
      at = star + 1;
      place = ++taken;
    } else return false;
  }
  return wanted.slice(at).every((rest) => rest === '*');
}

/** A name as people give it, in full: without a schema it is in `public`. Names that hold dots are tried both ways. */
export function candidates(given: string): string[] {
  return given.includes('.') ? [given, `public.${given}`] : [`public.${given}`];
}

export interface Wanted {
  tables: readonly string[];
  all?: boolean | undefined;
  /** Names and patterns of those that are not meant. */
  exclude?: readonly string[] | undefined;
}

/** Means this table alone, and is no pattern. */
export function isNamed(name: string, given: readonly string[]): boolean {
  return given.some((one) => candidates(one).includes(name));
}

/** `names`, those that `exclude` means left out; an error for what means none of them, and where none is left. */
export function withoutExcluded(names: readonly string[], exclude: readonly string[] = []): string[] {
  const excluded = new Set<string>();
  for (const given of exclude) {
    const matches = matching(names, given);
    if (matches.length === 0)
      throw new PgtideError(
        'not-found',
        `exclude ${given}: none of the tables that were meant is called so`,
        {
          remedy: 'correct the name or pattern, or leave it out; partitions come with their table',
        },
      );
    for (const name of matches) excluded.add(name);
  }
  if (excluded.size > 0 && excluded.size === names.length)
    throw new PgtideError('input', 'all tables that were meant are excluded', {
      remedy: 'exclude fewer of them',
    });
  return names.filter((name) => !excluded.has(name));
}

/** The names out of `known` that the input means; an error for each that means none. */
export function matchNames(known: readonly string[], wanted: Wanted): string[] {
  refuseUnclear(wanted);
  if (wanted.all) return withoutExcluded(known, wanted.exclude);
  const found = new Set<string>();
  for (const given of wanted.tables) {
    const matches = matching(known, given);
    if (matches.length === 0)
      throw new PgtideError('not-found', `there is no table ${candidates(given)[0]} in the queue`, {
        remedy: known.length > 0 ? `the queue has: ${known.join(', ')}` : 'the queue has no tables',
      });
    for (const name of matches) found.add(name);
  }
  return withoutExcluded([...found], wanted.exclude);
}

/** The names out of `known` that one name or pattern means. A name that is there means itself, whatever is in it. */
export function matching(known: readonly string[], given: string): string[] {
  for (const full of candidates(given)) {
    if (known.includes(full)) return [full];
    const matches = /[*?]/.test(full) ? known.filter((name) => isOfPattern(name, full)) : [];
    if (matches.length > 0) return matches;
  }
  return [];
}

export function refuseUnclear({ tables, all }: Wanted): void {
  if (all && tables.length > 0)
    throw new PgtideError('input', 'tables were named, and all were asked for', {
      remedy: 'name tables, or say --all',
    });
  if (!all && tables.length === 0)
    throw new PgtideError('input', 'no table was named', { remedy: 'name tables, or say --all' });
}
