# Carrel. Two targets are enough to begin with, each doing all its own set-up:
#
#   make demo        triage the example bundle and print the report
#   make test        build and run every test
#
#   make             the programs, in build/release
#   make install     under PREFIX (default /usr/local); DESTDIR is honoured
#   make room        the room image; LLAMA_PREFIX=DIR makes it from your own llama.cpp
#   make vm-image    what the vm wall runs on: QEMU and a kernel, from Debian's packages (--wall vm)
#   make eval        makes incidents and tells how often k8s-triage is right on them, and whether its confidence holds
#                    (EVAL_TEST, EVAL_UNKNOWN, EVAL_TRAIN: how many)
#   make house       trains the model that comes with Carrel again: models/house/README.md
#   make bench       the benchmarks, one JSON line a figure
#   make screenshots the review page's main views, at both widths and themes, into build/screenshots
#   make kills       a ledger's writer killed 1,000 times, for about ten minutes
#   make soak        SOAK runs (default 10,000) over random hostile bundles, their rooms and hosts killed, for some 15 minutes
#   make fuzz        each fuzzer for FUZZ_SECONDS (default 60)
#   make sanitize    the unit tests under the address and undefined-behaviour sanitizers
#   make format      clang-format on every source; make lint checks it, and runs clang-tidy
#   make examples    examples/*.tar.gz again from the clusters in the folders beside them
#   make clean       removes build/; downloads stay in ~/.cache/carrel
#
# This file only calls CMake, Ninja and the scripts in setup/ and room-image/; CMakeLists.txt is the build.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
SOAK ?= 10000
LLAMA_PREFIX ?=
EVAL_TEST ?= 300
EVAL_UNKNOWN ?= 120
EVAL_TRAIN ?= 900
export NINJA_STATUS = [%f/%t] 

release := build/release
sources := $(shell git ls-files --cached --others --exclude-standard '*.cc' '*.h' 2>/dev/null)

.PHONY: all demo test install room vm-image bench kills soak fuzz sanitize sanitized format check-format lint examples clean packages prepared programs release incidents eval house screenshots

all: programs

packages:
	@setup/packages build

# The image that was made last time stays, be it Debian's or one's own, unless `make room` says otherwise.
room: packages
	@room-image/make-image $(if $(LLAMA_PREFIX),--llama-prefix "$(LLAMA_PREFIX)")

# The vm wall's image: not made for `make demo`, which does not use it. The tests do.
vm-image: packages
	@room-image/make-vm-image

prepared: packages
	@setup/room
	@setup/configure release

programs: prepared
	@ninja -C $(release) -j $(JOBS) $(if $(CI),--quiet) carrel support-diag rooms
	@setup/room --prove $(release)

# The programs with their tests and benchmarks.
release: programs
	@ninja -C $(release) -j $(JOBS) $(if $(CI),--quiet)

demo: programs
	@printf '\n$$ carrel triage examples/customer-123.tar.gz\n\n'
	@$(release)/carrel triage examples/customer-123.tar.gz

test: vm-image release
	@setup/packages test
	@ctest --test-dir $(release) --output-on-failure --no-tests=error -j $(JOBS)

install: programs
	@cmake --install $(release) --prefix "$(PREFIX)" | sed -n 's/^-- Installing: \(.*\/bin\/.*\)/installed \1/p'

sanitized:
	@setup/packages build sanitize
	@setup/configure sanitize
	@ninja -C build/sanitize -j $(JOBS) $(if $(CI),--quiet)

sanitize: sanitized
	@CARREL_DIFFERENTIAL_STEPS=3000 ctest --test-dir build/sanitize --output-on-failure --no-tests=error -j $(JOBS)

fuzz: sanitized
	@fuzz/run build/sanitize $(FUZZ_SECONDS) $(JOBS)

incidents: programs
	@ninja -C $(release) -j $(JOBS) $(if $(CI),--quiet) carrel-incidents-program

eval: incidents
	@setup/eval $(release) $(EVAL_TEST) $(EVAL_UNKNOWN) $(EVAL_TRAIN)

house: incidents
	@ninja -C $(release) -j $(JOBS) $(if $(CI),--quiet) house-corpus house-logits
	@models/house/train $(release)

bench: vm-image release
	@setup/packages bench
	@bench/run $(release)

screenshots: incidents
	@setup/packages test
	@web/tools
	@rm -rf build/screenshots && mkdir -p build/screenshots
	@$(release)/carrel-incidents make --count 20 --out build/screenshots/cases > /dev/null
	@CARREL=$(release)/carrel web/run tests/page/screenshots.ts build/screenshots build/screenshots/cases

kills: release
	@CARREL_KILLS=1000 $(release)/carrel-host-ledger-test --gtest_filter='KillTest.*'

soak: programs
	@ninja -C $(release) -j $(JOBS) $(if $(CI),--quiet) soak-test
	@CARREL_SOAK=$(SOAK) $(release)/soak-test

format:
	@setup/packages lint
	@clang-format -i $(sources)

check-format:
	@setup/packages lint
	@clang-format --dry-run -Werror $(sources)

# Each source compiled alone, so that none leans on what its neighbour in the fast builds includes.
lint: check-format packages
	@setup/room
	@setup/configure lint
	@ninja -C build/lint -j $(JOBS)
	@setup/lint build/lint $(JOBS)

examples: release
	@setup/packages test
	@examples/make-bundles $(release)

clean:
	rm -rf build

# The decoder's automaton against its slow twin: a million steps of random walks, a million random strings, and a
# million texts of random patterns.
.PHONY: differential
differential: prepared
	@ninja -C $(release) -j $(JOBS) $(if $(CI),--quiet) carrel-room-constrain-test carrel-record-test
	@CARREL_DIFFERENTIAL_STEPS=1000000 $(release)/carrel-room-constrain-test --gtest_filter='Differential.*'
	@CARREL_PATTERN_TEXTS=1000000 $(release)/carrel-record-test --gtest_filter='TextPattern.AgreesWith*'
