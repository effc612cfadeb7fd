/** Examples and background of `pgtide queue …`. */

const parameters = `
Parameters:
  ticker_max_lag=INTERVAL      longest time between ticks while events are waiting
  ticker_max_count=N           a tick as soon as this many events are waiting
  ticker_idle_period=INTERVAL  longest time between ticks while no events are waiting
  ticker_paused=BOOLEAN        no ticks: consumers get nothing
  external_ticker=BOOLEAN      ticks come from elsewhere
  rotation_period=INTERVAL     how long events are kept at least
  retry_limit=N                an event that failed more often is a dead letter
  alarm_bytes, alarm_time      report a consumer that holds events: by their size, by how far it is behind
  detach_bytes, detach_time    detach it: by the same measures
The last five are pgtide's own; none takes such a value back.`;

const places = `

Ticks are kept as long as events are: a rotation period at least.`;

const retries = `
Examples:
  $ pgtide queue retries mail sender --limit 100
  $ pgtide queue delete-retries mail sender 8191 8192`;

const deadLetters = `
Examples:
  $ pgtide queue dead-letters mail                          # who gave up what, and why
  $ pgtide queue replay-dead-letters mail sender --all      # once the cause is gone: try again
  $ pgtide queue purge-dead-letters mail sender --all --older-than '30 days'`;

const rights = `
Rights:
  produce   write events; where nodes follow the queue that is as much as writing all of its tables on every subscriber
  consume   read events, register consumers, move their positions
  admin     set parameters, drop the queue, make ticks that come from elsewhere

A queue that nodes follow is closed: only its owner and roles with a grant on it have rights. Other queues are open, as in
PgQ: pgq_reader consumes, pgq_writer produces, pgq_admin does all of it.

Examples:
  $ pgtide queue close mail
  $ pgtide queue grant mail app produce
  $ pgtide queue grant mail mailer consume
  $ pgtide queue grants mail
  $ pgtide queue revoke mail app produce
  $ pgtide queue open mail`;

/** The examples of each command, by its name. */
export const queueExamples: Readonly<Record<string, string>> = {
  install: `
Example:
  $ pgtide queue install                # on every node; --node NODE: on one`,

  uninstall: `
Examples:
  $ pgtide queue uninstall --node app
  $ pgtide queue uninstall --node app --force     # also with queues, their events, and nodes`,

  create: `${parameters}

Example:
  $ pgtide queue create mail ticker_max_lag='1 second'`,

  drop: `
Example:
  $ pgtide queue drop mail              # --force: although it has consumers`,

  show: `
Examples:
  $ pgtide queue show
  $ pgtide queue show mail --json`,

  set: `${parameters}

Example:
  $ pgtide queue set mail ticker_max_lag='500 ms' rotation_period='1 day'`,

  tick: `
Example:
  $ pgtide queue tick mail`,

  register: `
Examples:
  $ pgtide queue register mail sender               # reads what comes from now on
  $ pgtide queue register mail audit --copy sender  # begins where "sender" is${places}`,

  unregister: `
Example:
  $ pgtide queue unregister mail audit`,

  reposition: `
Example:
  $ pgtide queue reposition mail sender --at 4711   # reads again what comes after that tick${places}`,

  'register-subconsumer': `
Example:
  $ pgtide queue register-subconsumer mail sender sender-1`,

  'unregister-subconsumer': `
Example:
  $ pgtide queue unregister-subconsumer mail sender sender-1`,

  batch: `
Example:
  $ pgtide queue batch mail sender`,

  events: `
Example:
  $ pgtide queue events mail sender --limit 100`,

  retries,
  'delete-retries': retries,
  'dead-letters': deadLetters,
  'replay-dead-letters': deadLetters,
  'purge-dead-letters': deadLetters,

  blockers: `
Examples:
  $ pgtide queue blockers               # of every queue
  $ pgtide queue blockers mail --json`,

  'new-epoch': `
A queue orders events by transaction ids. In a database that was restored from a dump, or fails over to a cluster with
lower ids, new events look older than the last tick: ticks fail with "Invalid PgQ state". This command repairs that:
consumers stay where they are, and each gets what it has not read. Writers wait for it.

Example:
  $ pgtide queue new-epoch shop`,

  grant: rights,
  revoke: rights,
  grants: rights,
  close: rights,
  open: rights,
};
