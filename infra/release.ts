/**
 * `npm run release -- VERSION [--dry-run]` creates the commit and the tag of a release. It pushes and publishes
 * nothing: the tag starts publication once it is pushed (.github/workflows/release.yml). docs/releasing.md describes
 * the whole process.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { sqlFiles } from '../lib/install/sql-files.ts';

const root = join(import.meta.dirname, '..');
const UNRELEASED = /^## Unreleased\n+([\s\S]*?)(?=^## |(?![\s\S]))/m;

/** A reason that stops a release, in words for an operator. */
class Refusal extends Error {}

interface Change {
  file: string;
  text: string | Buffer;
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trimEnd();
}

function npm(...args: string[]): void {
  execFileSync('npm', args, { cwd: root, stdio: 'inherit' });
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function numbersOf(version: string): number[] {
  return version.split('.').map(Number);
}

function isBefore(one: string, other: string): boolean {
  const [ours, theirs] = [numbersOf(one), numbersOf(other)];
  const at = ours.findIndex((number, index) => number !== theirs[index]);
  return at >= 0 && (ours[at] ?? 0) < (theirs[at] ?? 0);
}

const sqlOf = (version: string) => `test/support/releases/${version}.json.gz`;
const tagOf = (version: string) => `v${version}`;

function refuseUnlessReady(version: string): void {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Refusal(`not a version: ${version} (such as 1.2.3)`);
  const { version: present } = JSON.parse(read('package.json')) as { version: string };
  if (isBefore(version, present))
    throw new Refusal(`version ${version} is before the present one, ${present}`);
  if (git('tag', '--list', tagOf(version)) !== '') throw new Refusal(`the tag ${tagOf(version)} exists`);
  if (existsSync(join(root, sqlOf(version))))
    throw new Refusal(`${sqlOf(version)} exists: databases of this version are in use; take a later one`);
  const branch = git('branch', '--show-current');
  if (branch !== 'main') throw new Refusal(`the branch is ${branch || 'none'}, not main`);
  const changes = git('status', '--porcelain');
  if (changes !== '') throw new Refusal(`the working tree is not clean:\n${changes}`);
  if (!UNRELEASED.exec(read('CHANGELOG.md'))?.[1]?.trim())
    throw new Refusal('CHANGELOG.md has no section "## Unreleased", or nothing in it');
}

/** Returns a JSON file with the version in it, formatted as npm writes it. */
function withVersion(file: string, version: string): Change {
  const manifest = JSON.parse(read(file)) as {
    version: string;
    packages?: Record<string, { version: string }>;
  };
  manifest.version = version;
  const own = manifest.packages?.[''];
  if (own) own.version = version;
  return { file, text: `${JSON.stringify(manifest, null, 2)}\n` };
}

/** gzip stores no time, so the same SQL results in the same file. */
function releasedSql(version: string): Change {
  return {
    file: sqlOf(version),
    text: gzipSync(JSON.stringify(Object.fromEntries(sqlFiles())), { level: 9 }),
  };
}

function changesOf(version: string, date: string): Change[] {
  const heading = `## Unreleased\n\n## ${version} – ${date}\n\n`;
  const changelog = read('CHANGELOG.md').replace(UNRELEASED, (_, notes: string) => heading + notes);
  return [
    withVersion('package.json', version),
    withVersion('package-lock.json', version),
    { file: 'CHANGELOG.md', text: changelog },
    releasedSql(version),
  ];
}

function write({ file, text }: Change): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

/** Discards the changes. The tree was clean, so all differences are ours. */
function takeBack(changes: readonly Change[], version: string): void {
  git('checkout', '--', ...changes.map(({ file }) => file).filter((file) => file !== sqlOf(version)));
  rmSync(join(root, sqlOf(version)), { force: true });
}

function release(version: string, { dryRun }: { dryRun?: true }): void {
  refuseUnlessReady(version);
  const changes = changesOf(version, new Date().toISOString().slice(0, 10));
  console.log(`changes: ${changes.map(({ file }) => file).join(', ')}`);
  if (dryRun) {
    console.log(`would build, try \`npm pack\`, commit "Release ${version}" and tag ${tagOf(version)}`);
    return;
  }
  try {
    for (const change of changes) write(change);
    npm('run', 'build');
    npm('pack', '--dry-run', '--ignore-scripts');
    git('add', '--', ...changes.map(({ file }) => file));
    git('commit', '--quiet', '--message', `Release ${version}`);
  } catch (error) {
    git('reset', '--quiet');
    takeBack(changes, version);
    throw error;
  }
  git('tag', '--annotate', tagOf(version), '--message', `pgtide ${version}`);
  console.log(`${tagOf(version)} is made here. To publish it, push it; a workflow does the rest:
  git push --follow-tags
To take it back before that:
  git tag --delete ${tagOf(version)} && git reset --hard HEAD~1`);
}

new Command('release')
  .description('Makes the commit and the tag of a release')
  .argument('<version>', 'such as 1.2.3')
  .option('--dry-run', 'say what would change')
  .action((version: string, options: { dryRun?: true }) => {
    try {
      release(version, options);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      console.error(`error: ${error.message}`);
      process.exitCode = 1;
    }
  })
  .parse();
