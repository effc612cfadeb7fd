/** The tables that given names and patterns mean. */
import { PgtideError } from './errors.ts';

/**
 * Returns true if the whole name matches the pattern: `*` stands for any characters, `?` for one. At a mismatch only
 * the last `*` takes one more character: what an earlier one could take instead, the last one can, too. So the number
 * of steps is at most the length of the pattern multiplied by that of the name. A regular expression would try all
 * ways to divide the name.
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

/**
 * Returns the full names that a given name may mean: without a schema it is in `public`. A name with dots is tried
 * both ways.
 */
export function candidates(given: string): string[] {
  return given.includes('.') ? [given, `public.${given}`] : [`public.${given}`];
}

export interface Wanted {
  tables: readonly string[];
  all?: boolean | undefined;
  /** Names and patterns of tables to exclude. */
  exclude?: readonly string[] | undefined;
}

/** Returns true if a given name means this table alone, and is not a pattern. */
export function isNamed(name: string, given: readonly string[]): boolean {
  return given.some((one) => candidates(one).includes(name));
}

/**
 * Returns `names` without those that `exclude` means. An entry that means none of them, and an empty result, are
 * errors.
 */
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

/** Returns the names out of `known` that the input means. An entry that means none of them is an error. */
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

/**
 * Returns the names out of `known` that one name or pattern means. A known name means itself, whatever characters it
 * has.
 */
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
