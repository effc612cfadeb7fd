import { type Clock, systemClock } from '../clock.ts';
import { type Config, loadConfig } from '../config/config.ts';
import type { LeaseStore } from '../lease/lease-store.ts';
import { openLeaseStore } from '../lease/open-store.ts';
import { createSecretReader, type SecretReader } from '../secrets/secret-reader.ts';
import { type RunLog, stdoutLog, withLagMetric } from './run-log.ts';

/** The services that a handler uses. Tests pass their own. */
export interface Environment {
  readonly clock: Clock;
  readonly log: RunLog;
  readonly secrets: SecretReader;
  config(): Config;
  leaseStore(config: Config): LeaseStore;
}

/**
 * The environment on Lambda. Only secrets and the DynamoDB client outlive a run, for as long as the container exists.
 */
export function lambdaEnvironment(): Environment {
  let store: LeaseStore | undefined;
  let metrics: Config['metrics'] = { byPair: false };
  return {
    clock: systemClock,
    log: (line) => stdoutLog(withLagMetric(line, metrics, systemClock.now())),
    secrets: createSecretReader(),
    config: () => {
      const config = loadConfig();
      ({ metrics } = config);
      return config;
    },
    leaseStore: (config) => {
      store ??= openLeaseStore(config, systemClock);
      return store;
    },
  };
}
