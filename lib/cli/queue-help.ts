/** Examples and background of `pgtide queue …`. */

export const queueExamples = `
Examples:
  $ pgtide queue install                            # the SQL functions, on every node
  $ pgtide queue create mail ticker_max_lag='1 second'
  $ pgtide queue register mail sender               # reads what comes from now on
  $ pgtide queue show                               # queues, consumers, lag
  $ pgtide queue tick mail                          # what is committed can be read now
  $ pgtide queue retries mail                       # what failed and comes again

Events are made by pgq.insert_event(queue, type, data), and read by a consumer of your own; see the README.`;

export const settingExamples = `
Parameters:
  ticker_max_lag=INTERVAL      a tick where events wait and the last one is this old
  ticker_max_count=N           a tick as soon as so many events wait
  ticker_idle_period=INTERVAL  a tick where nothing waits
  ticker_paused=BOOLEAN        no ticks: consumers get nothing
  external_ticker=BOOLEAN      ticks come from elsewhere
  rotation_period=INTERVAL     how long events are kept at least

Example:
  $ pgtide queue set mail ticker_max_lag='500 ms' rotation_period='1 day'`;

export const consumerExamples = `
Examples:
  $ pgtide queue register mail audit --copy sender  # begins where "sender" is
  $ pgtide queue reposition mail sender --at 4711   # reads again what comes after that tick

Ticks are kept as long as events are: a rotation period at least.`;

export const eventExamples = `
Examples:
  $ pgtide queue retries mail sender --limit 100
  $ pgtide queue delete-retries mail sender 8191 8192`;
