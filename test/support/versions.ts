import { missingServers } from '../../lib/demo/postgres-server.ts';

/**
 * Adds 11, 12 and 16 to the versions of a test, as far as they are installed. Their packages are not among the project's, because not every
 * platform has them; .github/workflows/test.yml installs them. PostgreSQL 11 and 12 differ from 10 and 13 in triggers of partitions.
 */
export function withOthers(versions: readonly number[]): number[] {
  const others = [11, 12, 16];
  const missing = missingServers(others);
  return [...versions, ...others.filter((version) => !missing.includes(version))].sort((a, b) => a - b);
}
