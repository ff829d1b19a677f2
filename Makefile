# Build, install and installcheck with PGXS. PG_CONFIG chooses the server; the version is said in phisync.control alone.
PG_CONFIG ?= pg_config

EXTENSION   = phisync
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" phisync.control)
MODULE_big  = phisync
SRCS        = $(wildcard src/*.cpp src/*/*.cpp)
OBJS        = $(SRCS:.cpp=.o)
DATA_built  = phisync--$(EXTVERSION).sql

# Files named preload_* need shared_preload_libraries = 'phisync'; PRELOADED=1 runs those instead of the others.
# boundary needs the module of test/boundary, which test/run builds.
ALL_REGRESS    = $(filter-out boundary,$(basename $(notdir $(wildcard sql/*.sql))))
REGRESS        = $(if $(PRELOADED),$(filter preload_%,$(ALL_REGRESS)),$(filter-out preload_%,$(ALL_REGRESS)))
REGRESS_OPTS   = --load-extension=phisync
ALL_ISOLATION  = $(basename $(notdir $(wildcard test/isolation/specs/*.spec)))
ISOLATION      = $(if $(PRELOADED),$(filter preload_%,$(ALL_ISOLATION)),$(filter-out preload_%,$(ALL_ISOLATION)))
ISOLATION_OPTS = --inputdir=test/isolation --load-extension=phisync
TAP_TESTS      = 1
PROVE_TESTS    = test/t/*.pl
EXTRA_CLEAN    = $(SRCS:.cpp=.d)

# -isystem before PGXS's own -I keeps the server's headers free of warnings in C++20.
PG_CPPFLAGS = -DPHISYNC_VERSION=\"$(EXTVERSION)\" -Isrc -isystem $(shell $(PG_CONFIG) --includedir-server)
PG_CXXFLAGS = -std=c++20 -fvisibility=hidden -fvisibility-inlines-hidden -Wall -Wextra -Werror \
              -MMD -MP $(COPT_CXX)
# PGXS passes on the flags of the compiler that built the server, some of which clang does not know.
ifneq (,$(findstring clang,$(CXX)))
PG_CXXFLAGS += -Wno-unknown-warning-option
endif
SHLIB_LINK  = -lstdc++ -lcrypto -Wl,--version-script=src/exports.map

# No bitcode: nothing here is hot inside expressions, and packagers need no clang.
override with_llvm := no
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# The shipped script is the parts of extension/ in the order of their numbers; the folder itself changes when a part goes.
phisync--$(EXTVERSION).sql: $(sort $(wildcard extension/*.sql)) phisync.control extension
	cat $(filter %.sql,$^) > $@

-include $(SRCS:.cpp=.d)
