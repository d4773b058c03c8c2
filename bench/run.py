#!/usr/bin/env python3
"""Measures the product, the limit of the machine and what somebody would take instead, all in one run on one server, and
writes the table of docs/PERFORMANCE.md: `make bench`.

`make bench-reads` measures the API alone. SCALE=0.1 makes everything a tenth as large, which says whether it runs and nothing else.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "bench/peers"
SCALE = float(os.environ.get("SCALE", "1"))
AFTERCARE = sys.argv[1]


def many(number):
    return str(max(int(number * SCALE), 1_000))


class Postgres:
    """A server of its own, as it is installed, with a cache for its size; data on the disk, `fsync` on."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.bin = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.port = "55441"
        self.n = 0
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self.run("initdb", "-D", self.folder / "data", "-U", "aftercare", "-A", "trust", "-E", "UTF8", "--locale=C")
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -c shared_buffers=2GB -c max_wal_size=8GB -c max_connections=200 -c shared_preload_libraries=pg_stat_statements"
        self.run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", options, "start")

    def run(self, program, *args):
        drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        subprocess.run([*drop, self.bin / program, *map(str, args)], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def empty(self):
        """The URL of a new database; the one before goes."""
        self.run("psql", "-q", "-h", self.folder, "-p", self.port, "-U", "aftercare", "-d", "postgres",
                 "-c", f"drop database if exists b{self.n}", "-c", f"create database b{self.n + 1}", "-c", "checkpoint")
        self.n += 1
        return f"postgres://aftercare@127.0.0.1:{self.port}/b{self.n}"

    def ask(self, sql):
        """Rows of a query in the database of now, as lists of words."""
        drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        command = [*drop, self.bin / "psql", "-qAt", "-F", "\t", "-h", self.folder, "-p", self.port, "-U", "aftercare",
                   "-d", f"b{self.n}", "-c", sql]
        done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, cwd="/")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def profile(self):
        """Where the server's time went since `empty`, in microseconds and bytes of log: by statement, with all its waits for a
        processor."""
        rows = self.ask("""create extension if not exists pg_stat_statements;
            select split_part(split_part(query, chr(10), 1), '-- ', 2), calls, rows, total_exec_time, wal_bytes
            from pg_stat_statements as said join pg_database as base on base.oid = said.dbid and base.datname = current_database()
            where query like '-- %' and query not like '-- crowd%' order by total_exec_time desc limit 12""")
        return [(name, int(calls), int(rows), float(ms) * 1000, float(wal)) for name, calls, rows, ms, wal in rows]

    def stop(self):
        self.run("pg_ctl", "-D", self.folder / "data", "-m", "fast", "stop")


def measured(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    found = json.loads(done.stdout)
    print(f"{Path(command[0]).name} {' '.join(map(str, command[1:]))}: {found.get('events_per_second') or found}", file=sys.stderr)
    return found


def due_work(postgres, folder):
    """Events a second, what one costs, and how late reminders are."""
    def product(what, *args, url=None):
        where = ["--database-url", url] if url else ["--folder", folder]
        return measured(AFTERCARE, "bench", what, *args, *where)

    def shape(schedules, *more, history=1, turns=3, workers=1):
        return ["--schedules", many(schedules), "--history", str(history), "--turns", str(turns), "--workers", str(workers), *more]

    wave = ["--people", many(100_000), "--within", "60"]

    pg = {
        "limit, 4 workers": product("limit", *shape(1_000_000, turns=1, workers=4), url=postgres.empty()),
        "aftercare, 4 workers, 1 M schedules": product("engine", *shape(1_000_000, turns=1, workers=4), url=postgres.empty()),
    }
    # The day before the one that is measured is worked off too.
    profile = profiled(postgres.profile(), 2 * pg["aftercare, 4 workers, 1 M schedules"]["events"])
    hundred = product("engine", *shape(100_000, "--held", turns=4, workers=4), url=postgres.empty())
    pg |= {
        "aftercare, 4 workers, 100 k": hundred,
        "the same under a held snapshot": hundred.pop("held"),
        "aftercare, 1 worker, 100 k": product("engine", *shape(100_000, turns=3), url=postgres.empty()),
        "aftercare, 1 worker, 20 k, 1 of history each": product("engine", *shape(20_000, turns=15), url=postgres.empty()),
        "aftercare, 1 worker, 20 k, 400 of history each": product("engine", *shape(20_000, history=400, turns=15), url=postgres.empty()),
        "aftercare, 4 workers, 1 M over the whole day": product("engine", *shape(1_000_000, "--all-day", turns=6, workers=4), url=postgres.empty()),
        "aftercare, 4 workers, 10 M over the whole day": product("engine", *shape(10_000_000, "--all-day", "--lateness", turns=1, workers=4), url=postgres.empty()),
        "pg-boss, batches of 500": measured("node", PEERS / "pg-boss.mjs", postgres.empty(), many(100_000)),
        "graphile-worker, tuned": measured("node", PEERS / "graphile-worker.mjs", postgres.empty(), many(10_000)),
        "procrastinate": measured(PEERS / "venv/bin/python", PEERS / "procrastinate_due.py", postgres.empty(), many(5_000)),
    }
    sqlite = {
        "limit": product("limit", *shape(1_000_000, turns=1)),
        "aftercare, 1 M schedules": product("engine", *shape(1_000_000, turns=1)),
        "aftercare, 100 k": product("engine", *shape(100_000, turns=4)),
        "aftercare, 20 k, 1 of history each": product("engine", *shape(20_000, turns=15)),
        "aftercare, 20 k, 400 of history each": product("engine", *shape(20_000, history=400, turns=15)),
        "aftercare, 1 M over the whole day": product("engine", *shape(1_000_000, "--all-day", turns=6)),
        "aftercare, 10 M over the whole day": product("engine", *shape(10_000_000, "--all-day", "--lateness", turns=1)),
    }
    # Each with the most that it may be, in milliseconds: at the median, and for 99 of 100.
    tens = "400 within 20 s, 10 M schedules behind them"
    late = {
        "PostgreSQL, 100,000 within a minute": (product("lateness", *wave, url=postgres.empty()), 1_000, 5_000),
        "SQLite, 100,000 within a minute": (product("lateness", *wave), 1_000, 5_000),
        f"PostgreSQL, {tens}": (pg["aftercare, 4 workers, 10 M over the whole day"]["lateness"], 5, 50),
        f"SQLite, {tens}": (sqlite["aftercare, 10 M over the whole day"]["lateness"], 5, 50),
    }
    return pg, sqlite, late, profile


def peer(*command):
    """A service of somebody else's, the address to read and the token it printed."""
    port = "55442"
    running = subprocess.Popen(list(map(str, [*command, port])), stdout=subprocess.PIPE, text=True, start_new_session=True)
    token = running.stdout.readline().strip()
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", int(port)), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    return running, f"http://127.0.0.1:{port}/reminders", token


def reads(postgres, folder):
    """Requests a second over the wire: the product, the floor of this machine, and peers."""
    seconds = str(max(int(5 * SCALE), 1))

    def product(*where):
        command = [AFTERCARE, "bench", "api", "--seconds", seconds, "--schedules", many(1_000_000), *where]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        found = json.loads(done.stdout)
        return found["answered"], found["program"]

    on = {"PostgreSQL": product("--database-url", postgres.empty())}
    profile = profiled_calls(postgres.profile())
    on["SQLite"] = product("--folder", folder)
    found = {engine: answered for engine, (answered, _) in on.items()}
    started = {engine: program for engine, (_, program) in on.items()}
    for who, command in [
        ("Fastify + pg, plain text", ["node", PEERS / "fastify-read.mjs"]),
        ("FastAPI + asyncpg, two workers, plain text", [PEERS / "venv/bin/python", PEERS / "fastapi_read.py"]),
    ]:
        running, url, token = peer(*command, postgres.empty())
        try:
            done = subprocess.run([AFTERCARE, "bench", "drive", url, "--token", token, "--seconds", seconds], capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{who}: {done.stderr}")
            found["PostgreSQL"][who] = json.loads(done.stdout)
        finally:
            os.killpg(running.pid, signal.SIGTERM)
            running.wait()
    return found, started, profile


FLOOR = "floor: token, 30 rows"


def read_table(found, started, profile):
    """Both engines' answers, and what the product is held to."""
    text = ""
    for engine, answered in found.items():
        rows = [f"| {engine} | requests/s | of the floor | p50, ms | p99, ms | CPU, µs |", "|---|---|---|---|---|---|"]
        for what, one in sorted(answered.items(), key=lambda pair: -pair[1]["requests_per_second"]):
            share = one["requests_per_second"] / answered[FLOOR]["requests_per_second"]
            rows.append(f"| {what} | {one['requests_per_second']:,} | {share:.0%} | {one['p50_us'] / 1000:.1f} | {one['p99_us'] / 1000:.1f} | {one['cpu_us']:,} |")
        text += "\n".join(rows) + "\n\n"
    text += (
        "CPU is that of the process that answers and asks for one request; of a peer, of asking alone. Where the server's time"
        f" goes, on PostgreSQL:\n\n{profile}\n\n### The program, started over a database of 1 M schedules\n\n"
        "| | first answer, ms | memory, MiB | requests/s | memory after that, MiB |\n|---|---|---|---|---|\n"
    )
    for engine, one in started.items():
        rate = one["answered"]["requests_per_second"]
        text += f"| {engine} | {one['first_answer_ms']} | {one['idle_memory_mib']} | {rate:,} | {one['busy_memory_mib']} |\n"
    text += "\nThe median of five starts; then 30 reminders, sealed, as fast as they are asked for.\n\n"
    pg = found["PostgreSQL"]

    def rate(what):
        return pg[what]["requests_per_second"]

    opened, sealed = rate("30 reminders, texts opened"), rate("30 reminders, sealed")
    fastapi, fastify = rate("FastAPI + asyncpg, two workers, plain text"), rate("Fastify + pg, plain text")
    # OHC CARE was measured elsewhere: 5 to 12 and 32 to 53 a second.
    asked = [
        ("30 reminders, opened: of the floor", opened / rate(FLOOR), 0.35),
        ("the same: times Fastify in plain text", opened / fastify, 1),
        ("the same: times FastAPI in plain text", opened / fastapi, 1.5),
        ("30 reminders, sealed: of the floor", sealed / rate(FLOOR), 0.6),
        ("the same: times FastAPI in plain text", sealed / fastapi, 3),
        ("30 notes: times the best of OHC CARE, as measured elsewhere", rate("30 notes") / 12, 100),
        ("submit a note: the same", rate("submit a note") / 53, 10),
        ("the same: ms at the median for one who writes alone, at the most", pg["submit a note, one after the other"]["p50_us"] / 1000, -5),
        *((f"ms from the start to the first answer, {engine}, at the most", one["first_answer_ms"], -100) for engine, one in started.items()),
        *((f"MiB of memory then, {engine}, at the most", one["idle_memory_mib"], -40) for engine, one in started.items()),
        *((f"MiB at more than 2,000 requests/s, {engine}, at the most", one["busy_memory_mib"], -250) for engine, one in started.items()),
        ("MiB of the program, with the web app, at the most", Path(AFTERCARE).stat().st_size / 2**20, -40),
    ]
    return text + f"### Goals of reads\n\n{compared(asked)}\n"


def table(found, limit):
    rows = ["| | events/s | of the limit | CPU of ours, µs/event | WAL, B/event | memory, MiB |", "|---|---|---|---|---|---|"]
    for who, one in found.items():
        share = one["events_per_second"] / found[limit]["events_per_second"]
        cpu, wal, memory = (one.get(key) for key in ("cpu_ns_per_event", "wal_bytes_per_event", "peak_memory_mib"))
        cpu = f"{cpu / 1000:.1f}" if cpu else ""
        rows.append(f"| {who} | {one['events_per_second']:,} | {share:.0%} | {cpu} | {wal or ''} | {memory or ''} |")
    return "\n".join(rows)


def lateness(late):
    rows = ["| from due to arrived, ms | median | 99 of 100 | latest |", "|---|---|---|---|"]
    rows += [f"| {who} | {one['p50_ms']:,.1f} | {one['p99_ms']:,.1f} | {one['max_ms']:,.1f} |" for who, (one, *_) in late.items()]
    return "\n".join(rows)


def goals(pg, sqlite, late):
    """What the product is held to, each as a ratio within this run."""
    def rate(found, who):
        return found[who]["events_per_second"]

    ours = rate(pg, "aftercare, 4 workers, 1 M schedules")
    asked = [
        ("of the limit on PostgreSQL, 4 workers, 1 M schedules", ours / rate(pg, "limit, 4 workers"), 0.5),
        ("of the limit on SQLite, 1 M schedules", rate(sqlite, "aftercare, 1 M schedules") / rate(sqlite, "limit"), 0.4),
        ("times pg-boss", ours / rate(pg, "pg-boss, batches of 500"), 4),
        ("times graphile-worker", ours / rate(pg, "graphile-worker, tuned"), 100),
        ("times as fast with 1 M schedules as with 100 k, PostgreSQL", ours / rate(pg, "aftercare, 4 workers, 100 k"), 0.8),
        ("the same, SQLite", rate(sqlite, "aftercare, 1 M schedules") / rate(sqlite, "aftercare, 100 k"), 0.8),
        ("times as fast with 10 M as with 1 M, due over the whole day, PostgreSQL",
         rate(pg, "aftercare, 4 workers, 10 M over the whole day") / rate(pg, "aftercare, 4 workers, 1 M over the whole day"), 0.8),
        ("the same, SQLite", rate(sqlite, "aftercare, 10 M over the whole day") / rate(sqlite, "aftercare, 1 M over the whole day"), 0.8),
        ("times as fast under a held snapshot", rate(pg, "the same under a held snapshot") / rate(pg, "aftercare, 4 workers, 100 k"), 0.8),
        ("times as fast with 400 of history as with 1, PostgreSQL",
         rate(pg, "aftercare, 1 worker, 20 k, 400 of history each") / rate(pg, "aftercare, 1 worker, 20 k, 1 of history each"), 0.8),
        ("the same, SQLite", rate(sqlite, "aftercare, 20 k, 400 of history each") / rate(sqlite, "aftercare, 20 k, 1 of history each"), 0.8),
        ("bytes of log an event at the most", pg["aftercare, 4 workers, 1 M schedules"]["wal_bytes_per_event"], -800),
    ]
    for who, (one, median, most) in late.items():
        asked += [(f"ms late at the median, {who}", one["p50_ms"], -median), ("ms late, 99 of 100", one["p99_ms"], -most)]
    return compared(asked)


def compared(asked):
    """Each with what was found, and its goal: the least, or less than nothing for the most that it may be."""
    rows = ["| goal | at least | is | |", "|---|---|---|---|"]
    for what, found, least in asked:
        met = found >= least if least > 0 else found <= -least
        rows.append(f"| {what} | {abs(least):g} | {found:.3g} | {'met' if met else 'not met'} |")
    return "\n".join(rows)


def profiled(profile, events):
    rows = ["| statement | calls | rows | time, µs/event | WAL, B/event |", "|---|---|---|---|---|"]
    rows += [f"| `{name}` | {calls:,} | {many:,} | {micros / events:.1f} | {wal / events:.0f} |" for name, calls, many, micros, wal in profile]
    return "\n".join(rows)


def profiled_calls(profile):
    # What loaded the database, hundreds of rows at a time, is no part of what was asked.
    profile = [row for row in profile if row[2] < 100 * row[1]]
    whole = sum(micros for _, _, _, micros, _ in profile)
    rows = ["| statement | calls | rows/call | µs/call | of these |", "|---|---|---|---|---|"]
    rows += [f"| `{name}` | {calls:,} | {many / calls:.1f} | {micros / calls:.0f} | {micros / whole:.0%} |" for name, calls, many, micros, _ in profile]
    return "\n".join(rows)


def crypto():
    done = subprocess.run([AFTERCARE, "bench", "crypto"], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    memory, passes = found["argon2id"]
    rows = [
        (f"a password (Argon2id, {memory // 1024} MiB, {passes} passes)", "argon2id_us"),
        ("a note of 2,000 bytes with ten steps sealed and signed for two", "seal_note_us"),
        ("the same verified and opened", "open_note_us"),
        ("a signature (Ed25519)", "sign_us"),
        ("one verified", "verify_us"),
        ("an access token verified", "token_us"),
    ]
    return "\n".join(["| | µs |", "|---|---|", *(f"| {what} | {found[key]:,} |" for what, key in rows)]) + "\n"


def write(part, text):
    """Puts a part of the page in the place of what it was."""
    page = ROOT / "docs/PERFORMANCE.md"
    begin, end = f"<!-- {part}: written by bench/run.py -->\n", f"<!-- end of {part} -->"
    before, rest = page.read_text().split(begin)
    page.write_text(before + begin + text + end + rest.split(end)[1])


def when(postgres):
    return (
        f"On {date.today()}, {os.cpu_count()} cores, PostgreSQL {postgres.bin.parent.name}, `fsync` on, all in one run"
        f"{'' if SCALE == 1 else f' (at {SCALE:g} of the size: no figures)'}.\n\n"
    )


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        (Path(folder) / "pg").mkdir()
        postgres = Postgres(Path(folder) / "pg")
        try:
            if "reads" in sys.argv[2:]:
                write("reads", when(postgres) + read_table(*reads(postgres, folder)))
                return write("crypto", crypto())
            pg, sqlite, late, profile = due_work(postgres, folder)
            answered = reads(postgres, folder)
        finally:
            postgres.stop()
    text = (
        when(postgres) +
        f"### PostgreSQL\n\n{table(pg, 'limit, 4 workers')}\n\n"
        "Where the server's time goes with 1 M schedules and 4 workers, who wait for two cores together:\n\n"
        f"{profile}\n\n### SQLite\n\n{table(sqlite, 'limit')}\n\n### How late reminders are\n\n{lateness(late)}\n\n"
        f"### Goals\n\n{goals(pg, sqlite, late)}\n"
    )
    write("due work", text)
    write("reads", when(postgres) + read_table(*answered))
    write("crypto", crypto())


main()
