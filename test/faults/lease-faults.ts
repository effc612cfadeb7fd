/** Lease stores that have a fault. */
import { asLeaseError } from '../../lib/lease/dynamodb-error.ts';
import type { LeaseStore } from '../../lib/lease/lease-store.ts';

function failure(name: string): Error {
  return asLeaseError(Object.assign(new Error(name), { name, code: name }), 'pgtide-lease');
}

/** Answers every call with this error. */
export function refusing(name: string): LeaseStore {
  const refuse = () => Promise.reject(failure(name));
  return { acquire: refuse, release: refuse, states: refuse, wake: refuse };
}

/** The lease is acquired, but the run does not receive the answer. */
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
