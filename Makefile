# Plain verbs over the CMake presets. `make help` lists them.
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
PORT ?= 8080
MODEL ?= smollm2
HEADRACE_HOME ?= $(HOME)/.cache/headrace
export HEADRACE_HOME

BINARY := build/release/bin/headrace

.DEFAULT_GOAL := help
.PHONY: help run build test test-long install format tidy bench asan tsan fuzz clean

help:
	@echo 'make run       build, fetch the default model, serve it on 127.0.0.1:$(PORT) (MODEL=$(MODEL))'
	@echo 'make build     build the release binary into $(BINARY)'
	@echo 'make test      build and run every test'
	@echo 'make install   install binary, headers, CMake package and pkg-config file into PREFIX=$(PREFIX)'
	@echo 'make asan tsan run the unit tests under the address / thread sanitizer; asan: the binary as well'
	@echo 'make fuzz      build the fuzz targets and run each for FUZZ_SECONDS=60'
	@echo 'make bench     compare with llama.cpp and ik_llama.cpp side by side (builds the one, installs the other); MODEL=… for one model'
	@echo 'make format    clang-format every source; make tidy: clang-tidy'
	@echo 'Settings: JOBS=$(JOBS) PREFIX PORT MODEL HEADRACE_HOME=$(HEADRACE_HOME)'

run: build
	@exec $(BINARY) serve '$(MODEL)' --port '$(PORT)'

build:
	@tools/bootstrap.sh build
	@tools/build.sh release $(JOBS)

test:
	@tools/bootstrap.sh test
	@tools/build.sh dev $(JOBS)
	@tools/run_tests.sh

test-long: export HEADRACE_TEST_LONG = 1
test-long: test

asan tsan:
	@tools/bootstrap.sh test
	@tools/build.sh $@ $(JOBS)
	@tools/run_sanitized.sh $@

FUZZ_SECONDS ?= 60
fuzz:
	@tools/bootstrap.sh fuzz
	@tools/build.sh fuzz $(JOBS)
	@tools/run_fuzz.sh $(FUZZ_SECONDS)

bench: build
	@tools/bootstrap.sh bench
	@python3 benchmarks/versus/llm.py $(if $(filter file,$(origin MODEL)),,--model '$(MODEL)')

install: build
	@cmake --install build/release --prefix '$(PREFIX)'

format:
	@tools/bootstrap.sh format
	@git ls-files '*.h' '*.cpp' | xargs clang-format-19 -i

tidy:
	@tools/bootstrap.sh format
	@tools/bootstrap.sh test
	@tools/build.sh dev $(JOBS)
	@git ls-files 'src/*.cpp' | xargs clang-tidy-19 -p build/dev --quiet

clean:
	@rm -rf build
