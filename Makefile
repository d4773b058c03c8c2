# Two commands: `make run` sets everything up and starts the demonstration, `make test` sets
# everything up and passes the tests.
SHELL := /bin/bash
export CARGO_TARGET_DIR ?= $(HOME)/.cache/aftercare/target

.PHONY: test lint setup

# What the tests need beside Rust: PostgreSQL's server binaries and Python for the scorer.
setup:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && command -v python3 >/dev/null || \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql python3; }

test: setup lint
	cargo test --workspace --locked

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
