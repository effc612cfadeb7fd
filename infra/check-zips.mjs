/** Fails if a function's zip is missing or larger than 1.5 MB: every container downloads it before its first run. */
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

const MAX_BYTES = 1_500_000;
const root = join(import.meta.dirname, '..');
const functions = readdirSync(join(root, 'functions')).map((file) => basename(file, '.ts'));
const sizes = functions.map((name) => {
  const { size = 0 } = statSync(join(root, '.serverless', `${name}.zip`), { throwIfNoEntry: false }) ?? {};
  return { name, size };
});
for (const { name, size } of sizes)
  console.log(`${name.padEnd(14)} ${(size / 1000).toFixed(0).padStart(5)} kB`);
const bad = sizes.filter(({ size }) => size === 0 || size > MAX_BYTES);
if (bad.length > 0) {
  console.error(`missing, or over ${MAX_BYTES / 1000} kB: ${bad.map(({ name }) => name).join(', ')}`);
  process.exitCode = 1;
}
