#!/usr/bin/env python3
"""Three PostgreSQL under Patroni, etcd and HAProxy on loopback, the service's own load through them, and faults: the
primary's PostgreSQL is killed, its whole node is, it is frozen, replication is blocked. Then every acknowledged note, answer
and override is looked for: `make drill-ha`. Needs etcd-server and haproxy (Debian), and the Patroni of requirements.txt."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from string import Template

HERE = Path(__file__).resolve().parent
AFTERCARE = sys.argv[1]
BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
ROOT = os.geteuid() == 0
PATIENTS = 6
# Seconds within which readers and writers are back.
GOALS = {"PostgreSQL of the primary killed": 10, "node of the primary killed": 30, "primary frozen for 65 s": 30, "replication blocked for 10 s": 30}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def as_postgres(command):
    drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if ROOT else []
    return [*drop, *map(str, command)]


class Cluster:
    def __init__(self, folder):
        self.folder, self.running, self.nodes = Path(folder), {}, {}
        self.etcd, self.port = free_port(), free_port()

    def begin(self):
        self.start("etcd", ["etcd", "--data-dir", self.folder / "etcd", "--listen-client-urls", f"http://127.0.0.1:{self.etcd}",
                            "--advertise-client-urls", f"http://127.0.0.1:{self.etcd}", "--listen-peer-urls", f"http://127.0.0.1:{free_port()}"])
        for name in ("one", "two", "three"):
            self.nodes[name] = {"PORT": free_port(), "REST": free_port()}
            values = self.nodes[name] | {
                "NAME": name, "HOST": "127.0.0.1", "NETWORK": "127.0.0.0/8", "ETCD": f"127.0.0.1:{self.etcd}", "BIN": BIN,
                "DATA": self.folder / name, "SOCKETS": self.folder, "PASSWORD": "for-the-drill", "WATCHDOG": "off"}
            (self.folder / f"{name}.yml").write_text(Template((HERE / "patroni.yml").read_text()).substitute(values))
            self.patroni(name)
        servers = "\n".join(f"    server {name} 127.0.0.1:{node['PORT']} check port {node['REST']}" for name, node in self.nodes.items())
        values = {"HOST": "127.0.0.1", "PORT": self.port, "SERVERS": servers}
        (self.folder / "haproxy.cfg").write_text(Template((HERE / "haproxy.cfg").read_text()).substitute(values))
        self.whole()
        self.start("haproxy", ["haproxy", "-f", self.folder / "haproxy.cfg", "-db"])
        # Until it has asked it takes all three for good.
        time.sleep(4)

    def start(self, name, command):
        log = open(self.folder / f"{name}.log", "ab")
        self.running[name] = subprocess.Popen(as_postgres(command), stdout=log, stderr=log, cwd="/", start_new_session=True)

    def patroni(self, name):
        self.start(name, [HERE / "venv/bin/patroni", self.folder / f"{name}.yml"])

    def url(self):
        return f"postgres://aftercare:for-the-drill@127.0.0.1:{self.port}/postgres?sslmode=disable"

    def state(self):
        for node in self.nodes.values():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{node['REST']}/cluster", timeout=2) as answer:
                    return {one["name"]: one for one in json.load(answer)["members"]}
            except OSError:
                continue
        return {}

    def primary(self):
        return next((name for name, one in self.state().items() if one["role"] in ("leader", "primary")), None)

    def whole(self):
        """Waits until there are a primary and two standbys that follow it, one of them synchronous, for a while."""
        good = 0
        for _ in range(240):
            roles = [one["role"] for one in self.state().values() if one["state"] in ("running", "streaming")]
            whole = len(roles) == 3 and "leader" in roles and "sync_standby" in roles and len(self.receivers()) == 2
            good = good + 1 if whole else 0
            if good == 8:
                return
            time.sleep(0.5)
        raise SystemExit(f"the cluster does not become whole: {self.state()}; see {self.folder}")

    def postmaster(self, name):
        return int((self.folder / name / "postmaster.pid").read_text().split()[0])

    def processes(self, name):
        """The server's processes, and the one that watches over it."""
        head = self.postmaster(name)
        found = subprocess.run(["pgrep", "-P", str(head)], capture_output=True, text=True).stdout.split()
        return [head, *map(int, found)]

    def receivers(self):
        found = subprocess.run(["pgrep", "-f", "walreceiver"], capture_output=True, text=True).stdout.split()
        there = [name for name in self.nodes if (self.folder / name / "postmaster.pid").exists()]
        own = {str(pid) for name in there for pid in self.processes(name)}
        return [int(pid) for pid in found if pid in own]

    def stop(self):
        for name, process in reversed(self.running.items()):
            try:
                os.killpg(process.pid, signal.SIGCONT)
                os.killpg(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
        for name in self.nodes:
            subprocess.run(as_postgres([BIN / "pg_ctl", "-D", self.folder / name, "-m", "immediate", "stop"]), capture_output=True, cwd="/")
        for process in self.running.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


class Api:
    """What people ask, through either of two processes; and when nobody answered."""

    def __init__(self, ports):
        self.ports, self.turn = ports, 0

    def ask(self, path, body=None, token="", key=""):
        self.turn += 1
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        headers |= {"Idempotency-Key": key} if key else {}
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.ports[self.turn % len(self.ports)]}{path}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=15) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def insist(self, *args, until=180, **more):
        """Until it is answered as it should be; 4xx but 409 and 429 are defects."""
        begun = time.monotonic()
        while True:
            status, answer = self.ask(*args, **more)
            if 200 <= status < 300:
                return answer
            if status and status < 500 and status not in (409, 429) or time.monotonic() - begun > until:
                raise AssertionError(f"{args[0]}: {status} {answer}")
            time.sleep(0.1)

    def sign_up(self, role, name):
        email = f"{name}@drill.example"
        self.insist("/api/signup/", {"role": role, "name": name, "email": email, "password": "correct horse"})
        came = self.insist("/api/login/", {"email": email, "password": "correct horse"})
        return came["access_token"], came["user"]["id"]


class Load:
    """Each patient's doctor writes a note that replaces the one before, the patient answers what is due; all is kept that
    was acknowledged, and when reading and writing last went well."""

    def __init__(self, api):
        self.api, self.stop, self.wrong = api, threading.Event(), []
        self.notes, self.answers, self.gaps = {}, {}, {"read": [], "write": []}
        self.last = {}
        self.threads = []
        for n in range(PATIENTS):
            # Each writes for one patient: what a doctor has read in an hour is bounded.
            doctor, doctor_id = api.sign_up("doctor", f"grace{n}")
            token, person = api.sign_up("patient", f"ada{n}")
            api.insist("/api/select-doctor/", {"doctor_id": doctor_id}, token=token)
            self.notes[token], self.answers[token] = [], set()
            self.threads.append(threading.Thread(target=self.go_on, args=(n, doctor, token, person), daemon=True))
        # Somebody who only looks.
        self.threads.append(threading.Thread(target=self.look, args=(token,), daemon=True))
        for thread in self.threads:
            thread.start()

    def go_on(self, n, doctor, token, person):
        turn = 0
        try:
            while not self.stop.is_set():
                turn += 1
                # Letters: a number beside a drug is a dose to whoever reads it.
                drug = "".join(chr(97 + int(digit)) for digit in f"{n}{turn}")
                text = f"Take Drug {drug} every 6 hours for 2 days."
                note = self.timed("write", "/api/submit-notes/", {"patient_id": person, "note": text}, doctor, f"note-{n}-{turn}")
                self.notes[token].append((note["note"]["id"], text))
                for one in self.timed("read", "/api/reminders/?status=due", None, token, "")["items"]:
                    body = {"reminder_id": one["id"], "status": "done"}
                    self.timed("write", "/api/check-in/", body, token, f"answer-{one['id']}")
                    self.answers[token].add(one["id"])
                time.sleep(0.5)
        except AssertionError as error:
            self.wrong.append(str(error))

    def look(self, token):
        try:
            while not self.stop.is_set():
                self.timed("read", "/api/actionable-steps/", None, token, "")
                time.sleep(0.2)
        except AssertionError as error:
            self.wrong.append(str(error))

    def timed(self, kind, path, body, token, key):
        begun = time.monotonic()
        answer = self.api.insist(path, body, token=token, key=key)
        self.gaps[kind].append((begun, time.monotonic() - begun))
        return answer

    def longest(self, kind, since):
        return max((took for begun, took in list(self.gaps[kind]) if begun + took >= since), default=0)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(120)

    def check(self):
        for token, notes in self.notes.items():
            listed, cursor = {}, ""
            while True:
                page = self.api.insist(f"/api/notes/?limit=200{cursor}", token=token)
                listed |= {note["id"]: note for note in page["items"]}
                if not page["next_cursor"]:
                    break
                cursor = f"&cursor={page['next_cursor']}"
            for note, text in notes:
                if listed.get(note, {}).get("text") != text:
                    self.wrong.append(f"note {note} ({text}) is not there")
            if len(listed) != len(notes):
                self.wrong.append(f"{len(listed)} notes for {len(notes)}")
            active = [note["text"] for note in listed.values() if note["status"] == "active"]
            if active != [notes[-1][1]]:
                self.wrong.append(f"in force: {active}, newest: {notes[-1]}")
            items = self.api.insist("/api/reminders/", token=token)["items"]
            done = {one["id"] for one in items if one["status"] == "done"}
            if missing := self.answers[token] - done:
                self.wrong.append(f"answers that are not there: {missing}")
            if len({one["id"] for one in items}) != len(items):
                self.wrong.append("an occurrence twice")


def faults(cluster):
    def killed_postgres():
        os.kill(cluster.postmaster(cluster.primary()), signal.SIGKILL)
        return lambda: None

    def killed_node():
        name = cluster.primary()
        os.killpg(cluster.running[name].pid, signal.SIGKILL)
        os.kill(cluster.postmaster(name), signal.SIGKILL)
        return lambda: cluster.patroni(name)

    def frozen():
        name = cluster.primary()
        pids = cluster.processes(name)
        os.killpg(cluster.running[name].pid, signal.SIGSTOP)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(40)

        def goes_on():
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    pass
            os.killpg(cluster.running[name].pid, signal.SIGCONT)
        return goes_on

    def blocked():
        pids = cluster.receivers()
        assert len(pids) == 2, pids
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(10)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
        return lambda: None

    return dict(zip(GOALS, (killed_postgres, killed_node, frozen, blocked)))


def main():
    if subprocess.run(as_postgres([HERE / "venv/bin/python", "-c", "import patroni"]), cwd="/").returncode:
        raise SystemExit(f"{HERE}/venv cannot be used by the user postgres, who runs PostgreSQL where you are root: check out elsewhere")
    folder = tempfile.mkdtemp(prefix="aftercare-ha-")
    if ROOT:
        shutil.chown(folder, "postgres", "postgres")
    cluster, servers, met = None, [], True
    try:
        cluster = Cluster(folder)
        cluster.begin()
        ports = [free_port(), free_port()]
        for port in ports:
            env = os.environ | {"AFTERCARE_DATABASE_URL": cluster.url(), "AFTERCARE_HA_REQUIRED": "true", "AFTERCARE_ISSUER": "http://drill.example", "AFTERCARE_DATA": f"{folder}/data",
                                "AFTERCARE_PASSWORD__MEMORY_KIB": "19456", "AFTERCARE_PASSWORD__PASSES": "2", "AFTERCARE_LOG": "error",
                                "AFTERCARE_LIMITS__REQUESTS_PER_MINUTE": "1000000"}
            log = open(f"{folder}/serve-{port}.log", "wb")
            servers.append(subprocess.Popen([AFTERCARE, "serve", "--listen", f"127.0.0.1:{port}"], env=env, stdout=log, stderr=log, cwd=folder))
            for _ in range(100):
                if Api([port]).ask("/readyz")[0] == 200:
                    break
                time.sleep(0.2)
            else:
                raise SystemExit(f"the service does not start: {Path(log.name).read_text()}")
        load = Load(Api(ports))
        time.sleep(5)
        print("| fault | readers back after, s | writers | goal | |\n|---|---|---|---|---|")
        for what, fault in faults(cluster).items():
            since = time.monotonic()
            goes_on = fault()
            time.sleep(25)
            goes_on()
            cluster.whole()
            read, write = load.longest("read", since), load.longest("write", since)
            good = max(read, write) <= GOALS[what]
            met &= good
            print(f"| {what} | {read:.1f} | {write:.1f} | {GOALS[what]} | {'met' if good else 'not met'} |", flush=True)
        load.end()
        load.check()
        notes = sum(map(len, load.notes.values()))
        answers = sum(map(len, load.answers.values()))
        print(f"\n{notes} notes and {answers} answers acknowledged; {len(load.wrong)} violations")
        for wrong in load.wrong[:20]:
            print(wrong)
        return 0 if met and not load.wrong else 1
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait(100)
        if cluster:
            cluster.stop()
        if os.environ.get("KEEP"):
            print(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)


sys.exit(main())
