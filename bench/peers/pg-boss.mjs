// pg-boss at equal work: batches of 500 that record the occurrences, schedule the next and are completed, two fetchers.
// One JSON object.
import PgBoss from "pg-boss";
import pg from "pg";

const connectionString = process.argv[2];
const many = Number(process.argv[3]);
const BATCH = 500;
const pool = new pg.Pool({ connectionString, max: 10 });
const boss = new PgBoss({ connectionString, max: 10, supervise: false, schedule: false });
await boss.start();
await boss.createQueue("due");
await pool.query("create table occurrence (step bigint not null, due_at timestamptz not null, primary key (step, due_at))");
for (let from = 0; from < many; from += 5000) {
  const jobs = Array.from({ length: Math.min(5000, many - from) }, (_, n) => ({ name: "due", data: { step: from + n } }));
  await boss.insert(jobs);
}

const begun = process.hrtime.bigint();
const fetcher = async () => {
  for (;;) {
    const jobs = await boss.fetch("due", { batchSize: BATCH });
    if (jobs.length === 0) return;
    const steps = jobs.map((job) => job.data.step);
    await pool.query("insert into occurrence select unnest($1::bigint[]), now()", [steps]);
    const startAfter = new Date(Date.now() + 86_400_000).toISOString();
    await boss.insert(steps.map((step) => ({ name: "due", data: { step }, startAfter })));
    await boss.complete("due", jobs.map((job) => job.id));
  }
};
await Promise.all([fetcher(), fetcher()]);
const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
const { rows } = await pool.query("select count(*)::int as n from occurrence");
if (rows[0].n !== many) throw new Error(`${rows[0].n} were recorded`);
console.log(JSON.stringify({ events: many, events_per_second: Math.round(many / seconds) }));
process.exit(0);
