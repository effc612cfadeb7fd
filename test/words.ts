/**
 * `npm run lint` keeps words out of comments, messages and documents that most readers of English documentation do not expect, or that
 * hide who does something. Each comes with the better word. A word alone in backquotes is a name, and passes.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const instead: readonly (readonly [pattern: string, better: string])[] = [
  ['anew', 'again'],
  ['lest', 'so that … not'],
  ['thereof', 'of it'],
  ['mend(?:s|ed)?', 'repair'],
  ['nobody', 'the noun: no session, no consumer, no role'],
  ['whereby', 'by which'],
  ['(?<![Tt]here )is no node', 'is not a node'],
  ['told(?! apart)', 'reported, noted, shown'],
];

/** Released migrations, and what other programs write, stay as they are. */
const unread =
  /^(?:package-lock\.json|test\/words\.ts|test\/unit\/words\.test\.ts|test\/support\/releases\/.*|sql\/migrations\/.*)$/;
const read = /\.(?:ts|cjs|mjs|sql|md|yml|json|jsonc|sh|py)$/;

/** A space of a phrase may be the end of a line of a comment. */
const gap = '\\s+(?:(?:\\*|//|--|#)\\s+)?';

const patterns = instead.map(([pattern, better]) => {
  const [first = '', ...rest] = pattern;
  // Words at the start of a sentence, too; names in capitals are names.
  const anyCase = /[a-z]/.test(first) ? `[${first}${first.toUpperCase()}]${rest.join('')}` : pattern;
  const phrase = anyCase.replaceAll(/(?<=[a-z]) (?=[a-z])/g, gap);
  return { better, words: new RegExp(`(?<!\`)\\b(?:${phrase})\\b(?!\`)`, 'g') };
});

export interface Finding {
  line: number;
  word: string;
  better: string;
}

export function findWords(text: string): Finding[] {
  return patterns
    .flatMap(({ better, words }) =>
      [...text.matchAll(words)].map((match) => ({
        line: text.slice(0, match.index).split('\n').length,
        word: match[0].replaceAll(new RegExp(gap, 'g'), ' '),
        better,
      })),
    )
    .toSorted((one, other) => one.line - other.line);
}

export const isRead = (file: string) => read.test(file) && !unread.test(file);

if (import.meta.main) {
  const root = new URL('..', import.meta.url);
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0');
  for (const file of files.filter(isRead))
    for (const { line, word, better } of findWords(readFileSync(new URL(file, root), 'utf8'))) {
      console.error(`${file}:${line}: "${word}": better: ${better}`);
      process.exitCode = 1;
    }
}
