# Two commands: `make run` sets everything up and starts the demonstration, `make test` sets
# everything up and passes the tests.
SHELL := /bin/bash
export CARGO_TARGET_DIR ?= $(HOME)/.cache/aftercare/target
AFTERCARE = $(CARGO_TARGET_DIR)/debug/aftercare

.PHONY: run test lint web screenshots setup eval figures test-live drill-workers drill-kill drill-resets drill-connections drill-citus drill-ha drill-point-in-time drill-clock drill-disk drill-power-cut bench bench-reads peers

run: web
	cargo build --locked --package aftercare
	$(AFTERCARE) demo
	exec $(AFTERCARE) serve

INDEPENDENT = crates/aftercare/tests/independent

# What the tests need beside Rust and Node: PostgreSQL's server binaries, Python for the scorer,
# curl and jq for the README's walk, Chromium and Firefox for what only browsers do, other people's
# cryptography against ours, and the programs that hold the description against the service.
setup:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && type -P python3 jq curl chromium firefox-esr strace systemd-analyze faketime >/dev/null && python3 -c "import ensurepip" || \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql python3 python3-venv jq curl chromium firefox-esr strace systemd faketime; }
	@$(INDEPENDENT)/venv/bin/python -c "import schemathesis, fhir.resources, icalendar, aiosmtpd, standardwebhooks, prometheus_client, promql_parser" 2>/dev/null || { python3 -m venv $(INDEPENDENT)/venv && \
	  $(INDEPENDENT)/venv/bin/pip install --quiet --disable-pip-version-check -r $(INDEPENDENT)/requirements.txt; }
	@[ -d $(INDEPENDENT)/node_modules/puppeteer-core ] || npm ci --prefix $(INDEPENDENT) --no-audit --no-fund --loglevel=error

test: setup web lint
	cargo test --workspace --locked
	cargo test --package aftercare --features otel --test traces --locked

# The client for live models against a real server and a real (small) model on loopback; optional.
test-live:
	eval/live/run.sh

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features aftercare-browser/doctor,aftercare/otel --locked -- -D warnings

# The web app, into web/dist, from where the program embeds it: the device as WASM, the screens around it.
WEB = $(shell find web/src web/public web/build web/*.* crates/browser crates/device/src crates/seal/src crates/core/src crates/extract/src docs/openapi.json \
  -type f -not -path 'web/src/device/wasm/*' -not -name schema.d.ts)

web: web/dist/index.html

web/dist/index.html: $(WEB)
	@[ web/node_modules/.package-lock.json -nt web/package-lock.json ] || npm ci --prefix web --no-audit --no-fund --loglevel=error
	web/build/wasm.sh
	npm run --silent --prefix web types
	npm run --silent --prefix web check
	npm run --silent --prefix web build
	@touch $@

# The pictures of the README, from the demonstration that `make run` serves.
screenshots:
	node web/build/screenshots.mjs

# How well notes are read, and the worst errors: the rules, and each live model in the environment.
eval:
	cargo build --locked --package aftercare
	python3 eval/run.py $(AFTERCARE)
	python3 eval/attacks.py $(AFTERCARE)

# The figures the product is held to, as JSON (a release build).
figures:
	cargo bench --locked --package aftercare --bench figures
	cargo bench --locked --package aftercare --bench sign_in

# Drills: tests of the suite at full size (docs/OPERATIONS.md says what each shows).
DRILL = cargo test --locked --release --package aftercare --test

drill-workers: setup
	DUE=$${DUE:-1000000} WITHIN=$${WITHIN:-240} KILLS=$${KILLS:-20} FREEZES=$${FREEZES:-5} CUTS=$${CUTS:-3} FAULT=$${FAULT:-60} $(DRILL) workers -- --nocapture

drill-kill: setup
	KILLS=$${KILLS:-200} $(DRILL) kill -- --nocapture

drill-resets: setup
	RESETS=$${RESETS:-180} $(DRILL) resets -- --nocapture

drill-point-in-time: setup
	$(DRILL) point_in_time -- --nocapture

# Needs two more minutes and three more packages than the other drills.
drill-ha: setup
	@type -P etcd haproxy >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq etcd-server haproxy; }
	@deploy/patroni/venv/bin/patroni --version >/dev/null 2>&1 || { /usr/bin/python3 -m venv deploy/patroni/venv && deploy/patroni/venv/bin/pip install --quiet --disable-pip-version-check -r deploy/patroni/requirements.txt; }
	cargo build --locked --package aftercare
	deploy/patroni/drill.py $(AFTERCARE)

# On a PostgreSQL that Citus is installed for: no package of Debian's has it.
drill-citus: setup
	@ls /usr/lib/postgresql/*/lib/citus.so >/dev/null 2>&1 || { echo "install Citus for the PostgreSQL of this machine first"; exit 1; }
	CITUS=1 cargo test --locked --package aftercare-store -- --skip sqlite
	CITUS=1 cargo test --locked --package aftercare --test hospital --test delivery --test retention --test simulate --test workers -- --skip sqlite --skip seeds

drill-connections: setup
	NOTES=$${NOTES:-12} $(DRILL) connections -- --nocapture

drill-clock: setup
	$(DRILL) jumps -- --nocapture

drill-disk: setup
	$(DRILL) disk -- --nocapture

# As root: it mounts file systems.
drill-power-cut: setup
	CUTS=$${CUTS:-100} $(DRILL) disk -- --nocapture --ignored

# The product, the limit of the machine and what somebody would take instead, in one run; writes docs/PERFORMANCE.md.
bench: peers
	python3 bench/run.py $(CARGO_TARGET_DIR)/release/aftercare

bench-reads: peers
	python3 bench/run.py $(CARGO_TARGET_DIR)/release/aftercare reads

# What somebody would take instead, and the product as it is released.
peers: setup
	cargo build --locked --release --package aftercare
	@[ bench/peers/node_modules/.package-lock.json -nt bench/peers/package-lock.json ] || npm ci --prefix bench/peers --no-audit --no-fund --loglevel=error
	@bench/peers/venv/bin/python -c 'import fastapi, procrastinate' 2>/dev/null || { python3 -m venv bench/peers/venv && bench/peers/venv/bin/pip install --quiet --disable-pip-version-check -r bench/peers/requirements.txt; }
