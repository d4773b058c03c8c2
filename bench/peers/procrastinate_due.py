"""procrastinate at equal work: each job records the occurrence in a transaction of its own and schedules the next, 24 at
once. One JSON object."""

import asyncio
import json
import logging
import sys
import time
from datetime import datetime, timedelta, timezone

import procrastinate
import psycopg_pool

logging.disable(logging.CRITICAL)
url, many = sys.argv[1], int(sys.argv[2])
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, max_size=30))
pool = psycopg_pool.AsyncConnectionPool(url, min_size=1, max_size=30, open=False)


@app.task(queue="due", name="due")
async def due(step):
    async with pool.connection() as connection:
        await connection.execute("insert into occurrence values (%s, now())", [step])
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    await due.configure(schedule_at=tomorrow).defer_async(step=step)


async def main():
    async with app.open_async(), pool:
        await app.schema_manager.apply_schema_async()
        async with pool.connection() as connection:
            await connection.execute("create table occurrence (step bigint not null, due_at timestamptz not null, primary key (step, due_at))")
        await due.batch_defer_async(*({"step": step} for step in range(many)))
        begun = time.monotonic()
        await app.run_worker_async(queues=["due"], concurrency=24, wait=False, install_signal_handlers=False)
        seconds = time.monotonic() - begun
        async with pool.connection() as connection:
            recorded = (await (await connection.execute("select count(*) from occurrence")).fetchone())[0]
        assert recorded == many, f"{recorded} were recorded"
    print(json.dumps({"events": many, "events_per_second": round(many / seconds)}))


asyncio.run(main())
