/** Lease stores on which something is wrong. */
import { asLeaseError } from '../../lib/lease/dynamodb-error.ts';
import type { LeaseStore } from '../../lib/lease/lease-store.ts';

function failure(name: string): Error {
  return asLeaseError(Object.assign(new Error(name), { name, code: name }), 'pgtide-lease');
}

/** Answers nothing but this error. */
export function refusing(name: string): LeaseStore {
  const refuse = () => Promise.reject(failure(name));
  return { acquire: refuse, release: refuse, states: refuse, wake: refuse };
}

/** The lease is taken, and the run does not hear of it. */
export function answerLost(store: LeaseStore): LeaseStore {
  return {
    acquire: async (key, owner, leaseMs) => {
      await store.acquire(key, owner, leaseMs);
      throw failure('TimeoutError');
    },
    release: (...values) => store.release(...values),
    restamp: async (...values) => (await store.restamp?.(...values)) ?? null,
    states: (keys) => store.states(keys),
    wake: (keys) => store.wake(keys),
  };
}

export function releaseLost(store: LeaseStore): LeaseStore {
  return {
    acquire: (key, owner, leaseMs) => store.acquire(key, owner, leaseMs),
    release: () => Promise.reject(failure('TimeoutError')),
    restamp: async (...values) => (await store.restamp?.(...values)) ?? null,
    states: (keys) => store.states(keys),
    wake: (keys) => store.wake(keys),
  };
}
