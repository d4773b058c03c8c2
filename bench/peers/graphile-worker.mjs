// graphile-worker at equal work: each job is one transaction that records the occurrence and schedules the next, run by
// its tuned runner. One JSON object.
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";

const connectionString = process.argv[2];
const many = Number(process.argv[3]);
const pool = new pg.Pool({ connectionString, max: 40 });
const utils = await makeWorkerUtils({ pgPool: pool, logger: new Logger(() => () => {}) });
await utils.migrate();
await pool.query("create table occurrence (step bigint not null, due_at timestamptz not null, primary key (step, due_at))");
await pool.query(
  `select graphile_worker.add_jobs(array(select json_populate_record(null::graphile_worker.job_spec,
     json_build_object('identifier', 'due', 'payload', json_build_object('step', n), 'run_at', now()))
   from generate_series(1, $1::int) as n))`, [many]);

let done = 0;
let finished;
const all = new Promise((resolve) => { finished = resolve; });
const begun = process.hrtime.bigint();
const runner = await run({
  pgPool: pool,
  concurrency: 24,
  noHandleSignals: true,
  logger: new Logger(() => () => {}),
  preset: { worker: { concurrentJobs: 24, pollInterval: 100, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
  taskList: {
    due: async ({ step }, helpers) => {
      await helpers.withPgClient(async (client) => {
        await client.query("begin");
        await client.query("insert into occurrence values ($1, now())", [step]);
        await client.query("select graphile_worker.add_job('due', json_build_object('step', $1::bigint), run_at := now() + interval '1 day')", [step]);
        await client.query("commit");
      });
      if (++done === many) finished();
    },
  },
});
await all;
const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
const { rows } = await pool.query("select count(*)::int as n from occurrence");
if (rows[0].n !== many) throw new Error(`${rows[0].n} were recorded`);
await runner.stop();
console.log(JSON.stringify({ events: many, events_per_second: Math.round(many / seconds) }));
process.exit(0);
