/** The project as a user deploys it: a copy of its files with the user's configuration, built by `serverless package`. */
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onFileEnd } from '../support/file-scope.ts';
import { readZip } from '../support/zip.ts';

const root = join(import.meta.dirname, '..', '..');
const files = ['serverless.yml', 'package.json', 'tsconfig.json', 'lib', 'functions', 'infra', 'sql'];
export const serverlessCommand = join(root, 'node_modules', '.bin', 'serverless');

/** A copy of the project with this pgtide.yml. It is removed when the test file ends. */
export function projectWith(configuration: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'pgtide-project-'));
  onFileEnd(() => rm(folder, { recursive: true, force: true }));
  for (const file of files) cpSync(join(root, file), join(folder, file), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'pgtide.yml'), configuration);
  return folder;
}

/** No credentials, no region, no home: the project must hold everything that the build needs. */
export function bareEnvironment(folder: string): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: folder };
}

/** Runs `serverless package`, and returns the folder of the zips. */
export function packageProject(folder: string, parameters: string[] = []): string {
  const { status, stdout, stderr } = spawnSync(
    serverlessCommand,
    ['package', ...parameters.flatMap((parameter) => ['--param', parameter])],
    { cwd: folder, env: bareEnvironment(folder), encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`serverless package failed:\n${stdout}\n${stderr}`);
  return join(folder, '.serverless');
}

/** Runs another command of serverless, with the network and the account that `environment` simulates. */
export function serverless(
  folder: string,
  parameters: string[],
  environment: Record<string, string> = {},
): Promise<{ status: number; output: string }> {
  const env = { ...bareEnvironment(folder), ...environment };
  return new Promise((resolve) => {
    const child = execFile(serverlessCommand, parameters, { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ status: error ? 1 : 0, output: stdout + stderr }),
    );
    child.stdin?.end();
  });
}

export type Handler = (event: unknown, context: object) => Promise<Record<string, unknown>>;

/** Unpacks a function's zip into a separate folder outside of the project, and loads its handler as Lambda does. */
export function loadHandler(zips: string, name: string): { handler: Handler; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), `pgtide-${name}-`));
  onFileEnd(() => rm(folder, { recursive: true, force: true }));
  for (const [path, content] of readZip(join(zips, `${name}.zip`))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const { handler } = createRequire(join(folder, 'x.js'))(`./functions/${name}.cjs`) as { handler: Handler };
  return { handler, folder };
}
