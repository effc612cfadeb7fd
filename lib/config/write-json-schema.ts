/**
 * `npm run schema` writes pgtide.schema.json, which editors read for pgtide.yml. A test fails if it is out of date.
 */
import { writeFileSync } from 'node:fs';
import { configJsonSchema } from './schema.ts';

writeFileSync(
  new URL('../../pgtide.schema.json', import.meta.url),
  `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
);
