# The extension, through PGXS: make, make install, make installcheck against the PostgreSQL that
# PG_CONFIG names. And the commands for a machine that has nothing yet: make demo, stop, test, check, test-on, deb, fuzz,
# bench, hostile, lint.

MODULE_big = active_calls
EXTENSION = extension/active_calls
DATA = $(wildcard sql/active_calls--*.sql)
OBJS = $(patsubst %.cpp,%.o,$(wildcard extension/kernel/*.cpp extension/kernel/feed/*.cpp extension/kernel/segment/*/*.cpp extension/postgres/*.cpp))

REGRESS = $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql))
REGRESS_OPTS = --inputdir=test --encoding=UTF8 --load-extension=active_calls
ISOLATION = $(patsubst test/isolation/specs/%.spec,%,$(wildcard test/isolation/specs/*.spec))
ISOLATION_OPTS = --inputdir=test/isolation --encoding=UTF8 --load-extension=active_calls

# -g1 gives a backtrace its lines, and builds quicker than -g does. `make COPT=-Werror` makes warnings errors, COPT=-g is
# for a debugger; PGXS itself hands COPT to C++ only since 18.
PG_CXXFLAGS = -std=c++20 -Wall -Wextra -fno-math-errno -g1 $(COPT)
SHLIB_LINK = -lsimdjson -lstdc++
STANDARD_LIBRARY = extension/standard_library.h
EXTRA_CLEAN = $(OBJS:.o=.d) $(STANDARD_LIBRARY).gch
# No LLVM bitcode: it would want the clang that PostgreSQL was built with, and inline nothing here.
override with_llvm = no

all: # before what PGXS includes, so that it is the default

PG_CONFIG ?= pg_config
ifeq ($(MAKECMDGOALS),check) # without PGXS, whose target of that name says only that it does nothing
.PHONY: check
check:
	@test/check.sh '$(T)'
else
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
endif
ifneq ($(PGXS),)
include $(PGXS)
override CXXFLAGS += -MMD -MP
-include $(OBJS:.o=.d)

# Read once, which halves the time that building takes.
$(STANDARD_LIBRARY).gch: $(STANDARD_LIBRARY) build/postgresql-version
	$(CXX) $(CXXFLAGS) $(CPPFLAGS) -x c++-header -c -o $@ $<
$(OBJS): $(STANDARD_LIBRARY).gch
$(OBJS): private override CXXFLAGS += -include $(STANDARD_LIBRARY)

# Whose loops are to be made into steps of eight.
extension/kernel/segment/read/run_loops.o: private override CXXFLAGS += -O3

# The version, as the control file has it.
extension/postgres/module.o: $(EXTENSION).control
extension/postgres/module.o: private override CXXFLAGS += \
  -DACTIVE_CALLS_VERSION='"$(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(EXTENSION).control)"'

# What was built for one version of PostgreSQL is built anew for another.
$(OBJS): build/postgresql-version
build/postgresql-version: FORCE
	@mkdir -p build; echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@
.PHONY: FORCE
else
all install installcheck clean:
	@echo >&2 "$(PG_CONFIG) names no PostgreSQL with server headers: install the package" \
	  "postgresql-server-dev-NN, or say PG_CONFIG=/path/to/pg_config"; exit 1
endif

# On a machine that has nothing yet. Each installs what is missing and builds first; see README.md.
.PHONY: demo stop test test-on deb fuzz bench hostile lint

demo: # builds only what it runs
	TARGETS='extension active-calls-shim simulate-calls' test/tools/setup/with-build.sh test/tools/demo/start.sh
stop:
	BUILD="$$(readlink -f build)" test/tools/demo/stop.sh
test:
	test/tools/setup/with-build.sh test/run.sh
# In another Debian, such as SYSTEM=trixie; another command there by RUN='make demo'.
test-on:
	@test/tools/setup/test-on.sh "$$SYSTEM" "$$RUN"
deb:
	test/tools/setup/install-packages.sh --build build-essential debhelper
	test/tools/package/build.sh
fuzz:
	test/tools/setup/with-build.sh test/fuzz/run.sh
bench:
	test/tools/setup/with-build.sh test/tools/bench/run.sh
hostile: # all attacks, or those of ATTACK
	TARGETS='extension active-calls-shim active-calls-hostile' test/tools/setup/with-build.sh test/hostile/run.sh
lint:
	test/lint.sh
