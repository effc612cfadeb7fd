/** Before a deployment: the configuration is there and valid, and holds no password. It is packaged with the functions. */
import { loadConfig } from '../lib/config/config.ts';
import { parsePostgresUrl } from '../lib/config/postgres-url.ts';

const FILE = 'pgtide.yml';

try {
  const { nodes } = loadConfig(FILE);
  for (const [name, { url }] of Object.entries(nodes)) {
    if (url?.startsWith('env:') || url === undefined) continue;
    if (parsePostgresUrl(url).password !== undefined)
      throw new Error(
        `node ${name} has a password in its url; put it into Secrets Manager and name the secret`,
      );
  }
} catch (error) {
  console.error(`${FILE} cannot be deployed: ${error.message}${error.remedy ? `\n  → ${error.remedy}` : ''}`);
  process.exitCode = 1;
}
