# The two commands: `make run` starts the demo gateway, `make test` proves everything.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The pinned Node of node_modules comes first: the system's own may be older than the product needs. npm itself runs under
# the system's: it could not replace the Node that it runs on.
SYSTEM_PATH := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help install build run test lint package image bench bench-history bench-rules bench-broker bench-bridge crash generate screenshots conformance-violations clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: node_modules/.installed ## install what the lock file names

node_modules/.installed: package-lock.json
	@# Not `npm ci`: it insists on packages of other platforms, which a mirror may not carry. The lock file decides the
	@# versions here too, their hashes are checked, and it is not written.
	@PATH="$(SYSTEM_PATH)" npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

build: node_modules/.installed ## compile the packages, build the web UI
	@tsc -b
	@node scripts/build-web.ts

run: build ## start the demo gateway in the foreground
	@for account in my-sensor viewer; do \
	  mkdir -p .demo; test -s .demo/$$account.password || \
	  (umask 077; head -c 15 /dev/urandom | base64 | tr '+/' '-_' > .demo/$$account.password); done
	@TRAM_DATA="$${TRAM_DATA:-.demo}" exec node gateway/daemon/bin/tram.js run --config examples/demo/tram.yaml

test: node_modules/.installed ## install the test tools, then run every check and test
	@scripts/test-tools.sh
	@node scripts/test.ts

lint: node_modules/.installed ## format and lint, and mend what can be mended
	@biome check --write .

image: node_modules/.installed ## build an OpenWrt image: PROFILE= IMAGEBUILDER= NODE_FEED= (docs/guide/openwrt.md)
	@node scripts/image/main.ts

bench: build ## measure, with the peers in the same run
	@node bench/run.ts
	@node bench/broker/run.ts
	@node bench/event-journal.ts
	@node bench/history/run.ts
	@node bench/rules/run.ts
	@node bench/bridge/run.ts

bench-rules: build ## measure the rule engine alone, and beside Node-RED
	@node bench/rules/run.ts

bench-history: build ## measure the history alone: what it writes, how fast it answers
	@node bench/history/run.ts

bench-broker: node_modules/.installed ## measure the broker alone, beside mosquitto and aedes
	@node bench/broker/run.ts

bench-bridge: build ## measure the bridge alone: what it writes, how fast it drains, beside mosquitto's
	@node bench/bridge/run.ts

crash: node_modules/.installed ## kill the broker under load, ROUNDS= times (500), and the bridge in a day at 100/s, DAYS= times (1)
	@CRASH_ROUNDS="$${ROUNDS:-500}" vitest run gateway/daemon/src/mqtt/broker-crash.test.ts
	@LOSS_RATE=100 LOSS_ROUNDS="$${DAYS:-1}" LOSS_HOURS="$${HOURS:-24}" vitest run gateway/daemon/src/cloud/loss.test.ts

generate: build ## write the generated files again (OpenAPI, config reference, dependency picture)
	@node scripts/generate.ts

package: node_modules/.installed ## make the packages for OpenWrt, their SBOM and licences, in dist/packages
	@node scripts/build-web.ts
	@tsc -b rules/node-red
	@node scripts/package.ts

screenshots: build ## take the pictures of the README from the running demo
	@node e2e/screenshots.ts

conformance-violations: node_modules/.installed ## break the broker on purpose, see the right rows of the conformance table turn red
	@node scripts/conformance-violations.ts

clean: ## remove what was built
	@rm -rf .demo coverage $$(find . -name dist -type d -not -path '*/node_modules/*')
