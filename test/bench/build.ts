/**
 * The build of PostgreSQL that all sides of a run use, and the peers that it allows. PgQ and Londiste are C and Python
 * packages of Debian's. If they are installed, Debian's server runs every side, so that all sides have the same build.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Build {
  version: number;
  /** Its name in the output. */
  name: string;
  /** The folder that holds Debian's bin/; undefined: the npm package's server. */
  programs?: string;
  /** Whether PgQ's C extension is installed. */
  pgq: boolean;
  /** Whether pgqd, londiste and their extensions are installed. */
  londiste: boolean;
  psql?: string;
  pgbench?: string;
  /** Peer → why it is left out. */
  skipped: Record<string, string>;
}

const DEBIAN_VERSION = 15;
const DEBIAN_PROGRAMS = `/usr/lib/postgresql/${DEBIAN_VERSION}`;
const DEBIAN_EXTENSIONS = `/usr/share/postgresql/${DEBIAN_VERSION}/extension`;
const INSTALL =
  'apt-get install postgresql-15-pgq3 postgresql-15-pgq-node postgresql-15-londiste-sql pgqd python3-londiste';

/** `version`: uses the npm package of that version, whatever else is installed. */
export function findBuild(version?: number): Build {
  const skipped: Record<string, string> = {};
  const psql = program('psql');
  const pgbench = program('pgbench');
  if (!psql) skipped['psql | psql'] = 'there is no psql here; a pipe in Node stands for it';
  if (!pgbench) skipped['case tpcb'] = 'there is no pgbench here';
  const tools = { ...(psql ? { psql } : {}), ...(pgbench ? { pgbench } : {}), skipped };
  const pgq = hasExtension('pgq') && existsSync(join(DEBIAN_PROGRAMS, 'bin', 'postgres'));
  if (version === undefined && pgq) {
    const londiste =
      ['pgq_node', 'londiste'].every(hasExtension) && !!program('pgqd') && !!program('londiste');
    if (!londiste) skipped.Londiste = `not installed (${INSTALL})`;
    return {
      version: DEBIAN_VERSION,
      name: `Debian's PostgreSQL ${DEBIAN_VERSION}`,
      programs: DEBIAN_PROGRAMS,
      pgq,
      londiste,
      ...tools,
    };
  }
  const chosen = version ?? 15;
  const why = version === undefined ? `not installed (${INSTALL})` : `only with Debian's PostgreSQL 15`;
  skipped["PgQ's C trigger"] = why;
  skipped.Londiste = why;
  return {
    version: chosen,
    name: `PostgreSQL ${chosen} of the npm package`,
    pgq: false,
    londiste: false,
    ...tools,
  };
}

function hasExtension(name: string): boolean {
  return existsSync(join(DEBIAN_EXTENSIONS, `${name}.control`));
}

function program(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(DEBIAN_PROGRAMS, 'bin')];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
