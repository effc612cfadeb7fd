/** `npm run release` on a copy of the project: what stops it, what it changes, and that it sends nothing to another machine. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { sqlFiles } from '../../lib/install/sql-files.ts';
import { copyProject } from './project-copy.ts';

const CHANGELOG =
  '# Changes\n\n## Unreleased\n\n- A new thing.\n\n## 1.0.0 – 2026-01-01\n\n- The first thing.\n';

let folder: string;

const environment = () => ({
  PATH: process.env.PATH ?? '',
  HOME: folder,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'a maintainer',
  GIT_AUTHOR_EMAIL: 'maintainer@example.com',
  GIT_COMMITTER_NAME: 'a maintainer',
  GIT_COMMITTER_EMAIL: 'maintainer@example.com',
});

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: folder, encoding: 'utf8', env: environment() }).trimEnd();
}

function release(...args: string[]): { status: number | null; output: string } {
  const command = ['infra/release.ts', ...args];
  const options = { cwd: folder, encoding: 'utf8', env: environment() } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, command, options);
  return { status, output: stdout + stderr };
}

const read = (file: string) => readFileSync(join(folder, file), 'utf8');
const write = (file: string, text: string) => writeFileSync(join(folder, file), text);

/** Sets the version in the first `places` places of the file. The layout stays. */
function setVersion(file: string, places: number): void {
  const present = `"version": "${JSON.parse(read('package-lock.json')).version}"`;
  let text = read(file);
  for (let place = 0; place < places; place++) text = text.replace(present, '"version": "1.0.0"');
  write(file, text);
}

/** The version of the copy, 1.0.0, is committed on main. */
beforeAll(() => {
  folder = copyProject();
  write('CHANGELOG.md', CHANGELOG);
  setVersion('package.json', 1);
  setVersion('package-lock.json', 2);
  git('init', '--quiet', '--initial-branch', 'main');
  writeFileSync(join(folder, '.git', 'info', 'exclude'), 'node_modules\n.npm\n');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'A project');
});

describe('is refused', () => {
  test.each([
    ['next', 'not a version: next'],
    ['0.9.0', 'version 0.9.0 is before the present one, 1.0.0'],
  ])('for the version %s', (version, reason) => {
    const { status, output } = release(version);
    expect(output).toContain(`error: ${reason}`);
    expect(status).toBe(1);
  });

  test('for a version that has a tag', () => {
    git('tag', 'v1.1.0');
    expect(release('1.1.0').output).toContain('error: the tag v1.1.0 exists');
    git('tag', '--delete', 'v1.1.0');
  });

  test('for a version whose SQL is kept', () => {
    write('test/support/releases/1.1.0.json.gz', '');
    expect(release('1.1.0').output).toContain('error: test/support/releases/1.1.0.json.gz exists');
    rmSync(join(folder, 'test/support/releases/1.1.0.json.gz'));
  });

  test('outside of main', () => {
    git('checkout', '--quiet', '-b', 'other');
    expect(release('1.1.0').output).toContain('error: the branch is other, not main');
    git('checkout', '--quiet', 'main');
  });

  test('with changes that are not committed', () => {
    write('CHANGELOG.md', `${CHANGELOG}\n`);
    expect(release('1.1.0').output).toContain('error: the working tree is not clean:\n M CHANGELOG.md');
    write('CHANGELOG.md', CHANGELOG);
  });

  test('without notes', () => {
    write('CHANGELOG.md', CHANGELOG.replace('- A new thing.\n\n', ''));
    git('commit', '--quiet', '--all', '--message', 'No notes');
    expect(release('1.1.0').output).toContain(
      'error: CHANGELOG.md has no section "## Unreleased", or nothing in it',
    );
    git('reset', '--quiet', '--hard', 'HEAD~1');
  });
});

test('--dry-run says what would change, and changes nothing', () => {
  const { status, output } = release('1.1.0', '--dry-run');
  expect(output).toContain(
    'changes: package.json, package-lock.json, CHANGELOG.md, test/support/releases/1.1.0.json.gz',
  );
  expect(output).toContain('tag v1.1.0');
  expect(status).toBe(0);
  expect(git('status', '--porcelain')).toBe('');
});

test('a build that fails leaves nothing behind', () => {
  const built = read('build.ts');
  write('build.ts', "throw new Error('does not build');\n");
  git('commit', '--quiet', '--all', '--message', 'A broken build');
  const { status, output } = release('1.1.0');
  expect(output).toContain('does not build');
  expect(status).not.toBe(0);
  expect(git('status', '--porcelain')).toBe('');
  expect(git('tag')).toBe('');
  write('build.ts', built);
  git('commit', '--quiet', '--all', '--message', 'The build again');
});

test('is a commit and a tag, with the version, the notes and the SQL', () => {
  const { status, output } = release('1.1.0');
  expect(status, output).toBe(0);
  expect(output).toContain('git push --follow-tags');
  expect(git('log', '-1', '--format=%s')).toBe('Release 1.1.0');
  expect(git('cat-file', '-t', 'v1.1.0')).toBe('tag');
  expect(git('rev-parse', 'v1.1.0^{commit}')).toBe(git('rev-parse', 'HEAD'));
  expect(git('status', '--porcelain')).toBe('');
  expect(git('show', '--stat', '--format=', 'HEAD')).toContain('4 files changed');

  expect(JSON.parse(read('package.json')).version).toBe('1.1.0');
  const lock = JSON.parse(read('package-lock.json'));
  expect([lock.version, lock.packages[''].version]).toEqual(['1.1.0', '1.1.0']);
  // Only the version has changed: the layout of the files is npm's.
  expect(git('diff', '--numstat', 'HEAD~1', '--', 'package.json', 'package-lock.json').split('\n')).toEqual([
    '2\t2\tpackage-lock.json',
    '1\t1\tpackage.json',
  ]);
  const today = new Date().toISOString().slice(0, 10);
  expect(read('CHANGELOG.md')).toBe(
    CHANGELOG.replace('## Unreleased\n\n', `## Unreleased\n\n## 1.1.0 – ${today}\n\n`),
  );
  const kept = gunzipSync(readFileSync(join(folder, 'test/support/releases/1.1.0.json.gz'))).toString();
  expect(JSON.parse(kept)).toEqual(Object.fromEntries(sqlFiles()));
});

test('the next one needs notes of its own', () => {
  expect(release('1.2.0').output).toContain(
    'error: CHANGELOG.md has no section "## Unreleased", or nothing in it',
  );
});
