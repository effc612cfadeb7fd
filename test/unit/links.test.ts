/** Every relative link of the documents leads somewhere: the file exists, and so does the heading. npm installs the file, too. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, matchesGlob, normalize } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const top = join(import.meta.dirname, '..', '..');
const docs = readdirSync(join(top, 'docs'))
  .filter((file) => file.endsWith('.md'))
  .map((file) => join('docs', file));
const examples = readdirSync(join(top, 'examples'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('README.md'))
  .map((file) => join('examples', file));
const pages = ['README.md', 'CHANGELOG.md', join('sql', 'README.md'), ...docs, ...examples];
/** Pages for contributors. */
const pagesOfTheRepository = ['CONTRIBUTING.md', 'SECURITY.md', 'CODE_OF_CONDUCT.md'];

/** A page without its fenced blocks, which hold no headings and no links. */
const proseOf = (page: string) =>
  readFileSync(join(top, page), 'utf8').replaceAll(/^ *```[\s\S]*?^ *```/gm, '');

/** The anchor that GitHub makes of a heading: letters, digits, hyphens and underscores stay; a repeated anchor gets a number. */
function anchorsOf(page: string): Set<string> {
  const seen = new Map<string, number>();
  const headings = [...proseOf(page).matchAll(/^#{1,6} +(.+?) *#*$/gm)].map(([, heading]) => heading ?? '');
  return new Set(
    headings.map((heading) => {
      const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
      const slug = text.replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '').replaceAll(' ', '-');
      const times = seen.get(slug) ?? 0;
      seen.set(slug, times + 1);
      return times === 0 ? slug : `${slug}-${times}`;
    }),
  );
}

interface Link {
  from: string;
  /** The target as the page writes it. */
  to: string;
  /** The path in the repository. */
  file: string;
  anchor: string | undefined;
}

function linksOf(from: string): Link[] {
  const prose = proseOf(from).replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, ' '));
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, to]) => to ?? '')
    .filter((to) => !/^[a-z]+:/.test(to))
    .map((to) => {
      const [path = '', anchor] = to.split('#');
      return { from, to, file: path === '' ? from : normalize(join(dirname(from), path)), anchor };
    });
}

const links = [...pages, ...pagesOfTheRepository].flatMap(linksOf);

test('there are links, and pages that they lead to', () => {
  expect(docs.length).toBeGreaterThan(10);
  expect(links.length).toBeGreaterThan(100);
});

test('every link leads to a file', () => {
  const broken = links.filter(({ file }) => !existsSync(join(top, file)));
  expect(broken.map(({ from, to }) => `${from}: ${to}`)).toEqual([]);
});

test('every anchor is that of a heading', () => {
  const anchors = new Map([...pages, ...pagesOfTheRepository].map((page) => [page, anchorsOf(page)]));
  const broken = links.filter(({ file, anchor }) => anchor !== undefined && !anchors.get(file)?.has(anchor));
  expect(broken.map(({ from, to }) => `${from}: ${to}`)).toEqual([]);
});

test('every page of docs and of examples is linked from another page', () => {
  const linked = new Set(links.filter(({ from, file }) => from !== file).map(({ file }) => file));
  expect([...docs, ...examples].filter((page) => !linked.has(page))).toEqual([]);
});

test('what a page links to is in the npm package with it', () => {
  const shipped = (file: string) =>
    ['README.md', 'LICENSE', 'package.json'].includes(file) ||
    manifest.files.some((pattern) => matchesGlob(file, pattern) || file.startsWith(`${pattern}/`));
  expect(pages.filter((page) => !shipped(page))).toEqual([]);
  const lost = links.filter(({ from, file }) => pages.includes(from) && !shipped(file));
  expect(lost.map(({ from, to }) => `${from}: ${to}`)).toEqual([]);
});
