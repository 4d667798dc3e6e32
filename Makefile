# irtools: five filters for robust infrared small-target detection.
#
#   make            build everything into build/bin
#   make demo       install what is missing, build, train on generated scenes, print the tables
#   make hrl        the game: what make -f hrl.mk does, with its knobs
#   make check      install what the tests need, build, run every test
#   make test T=ops one file of tests, or several
#   make asan       the tests once more under AddressSanitizer and UBSan
#   make tsan       those with threads once more under ThreadSanitizer
#   make bench      times beside what one would take instead; PARTS= chooses (tests/bench/run)
#   make fuzz       the parsers with clang's libFuzzer, SECONDS=60 each (tests/fuzz/rules.mk)
#   make lint       format, static analysis, man pages, shell scripts, comments (mk/lint.mk)
#   make dist       a source tarball; make deb: Debian's packages (mk/dist.mk)
#   make install    PREFIX=/usr/local DESTDIR=

include mk/config.mk

BUILD    = build
PROGRAMS = ir-corrupt ir-policy ir-train ir-detect ir-score
BIN      = $(BUILD)/bin
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

INCLUDES = -Icommon $(if $(DEPS),-I$(DEPS)/include)
WARN     = -Wall -Wextra -Werror
ALL_CFLAGS  = -std=c17 -D_GNU_SOURCE $(OPT) -fno-math-errno $(WARN) -fopenmp -pthread $(INCLUDES) $(CFLAGS)
ALL_LDFLAGS = $(if $(DEPS),-L$(DEPS)/lib -Wl$(comma)-rpath$(comma)$(DEPS)/lib) -fopenmp -pthread \
              -Wl,--as-needed -rdynamic $(OPT) $(LDFLAGS)
LIBS = -lnetpbm -lpng -ltiff -larchive -lnettle -ldnnl -lfftw3f -lfftw3 -ldl -lm
comma = ,
# make V=1 shows the commands
say = $(if $(V),,@echo '  $(1) $@';)

# ---- what there is to build ---------------------------------------------------------------------

KERNEL_DIR = common/backend/cpu/kernels
KERNELS    = $(wildcard $(KERNEL_DIR)/*.c)
# The compiler's machine, which need not be this one. base: four lanes, as SSE and NEON have.
MACHINE   := $(shell $(CC) -dumpmachine)
ISAS       = base $(if $(filter x86_64-%,$(MACHINE)),avx2 avx512)
ISA_base   = -DIR_ISA=base -DIR_BLOCK=8
ISA_avx2   = -DIR_ISA=avx2 -DIR_BLOCK=8 -mavx2 -mfma
ISA_avx512 = -DIR_ISA=avx512 -DIR_BLOCK=16 -march=skylake-avx512 -mprefer-vector-width=512
KERNEL_CFLAGS = -O3 -fno-trapping-math -ffp-contract=fast

COMMON  = $(wildcard common/*/*.c common/backend/cpu/*.c)
LIB     = $(BUILD)/libir.a
LIB_OBJ = $(COMMON:%.c=$(BUILD)/%.o) \
          $(foreach isa,$(ISAS),$(KERNELS:$(KERNEL_DIR)/%.c=$(BUILD)/kernels/$(isa)/%.o))

OPS_OBJ   = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/ops/*.c))
UNIT      = $(patsubst tests/unit/%.c,$(BIN)/test-%,$(wildcard tests/unit/*.c))
BENCH     = $(patsubst tests/bench/%.c,$(BIN)/bench-%,$(wildcard tests/bench/*.c))
SCENE_OBJ = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/scenes/*.c))

# Where the programs look for the models that come with irtools, as installed.
MODELS = $(BUILD)/share/irtools/models

all: $(PROGRAMS:%=$(BIN)/%) $(BIN)/ir-scenes $(MODELS)

$(MODELS):
	@mkdir -p $(@D)
	@ln -sfn "$(CURDIR)/models" $@

define program
$(1)_OBJ = $$(patsubst %.c,$$(BUILD)/%.o,$$(wildcard $(1)/*.c $(1)/*/*.c))
$$(BIN)/$(1): $$($(1)_OBJ) $$(LIB)
	@mkdir -p $$(@D)
	$$(call say,LD) $$(CC) -o $$@ $$($(1)_OBJ) $$(LIB) $$(ALL_LDFLAGS) $$(LIBS)
ALL_OBJ += $$($(1)_OBJ)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

$(BIN)/ir-scenes: $(SCENE_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) -o $@ $(SCENE_OBJ) $(LIB) $(ALL_LDFLAGS) $(LIBS)

$(BIN)/test-ops: $(OPS_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) -o $@ $(OPS_OBJ) $(LIB) $(ALL_LDFLAGS) $(LIBS)

$(BIN)/test-reference: $(filter $(BUILD)/tests/ops/reference_%.o %/tape.o %/graph_tape.o,$(OPS_OBJ))
$(BIN)/test-classical $(BIN)/test-spectrum: $(filter $(BUILD)/ir-detect/classical/%,$(ir-detect_OBJ))
$(BIN)/test-matching: $(filter-out %/main.o,$(ir-score_OBJ))
$(BIN)/test-jpeg: $(BUILD)/ir-corrupt/jpeg.o
$(BIN)/test-jpeg: LIBS += -ljpeg
$(UNIT): $(BIN)/test-%: $(BUILD)/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) -o $@ $(filter %.o,$^) $(LIB) $(ALL_LDFLAGS) $(LIBS)

$(BIN)/bench-scoring: $(filter-out %/main.o,$(ir-score_OBJ))
$(BENCH): $(BIN)/bench-%: $(BUILD)/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) -o $@ $(filter %.o,$^) $(LIB) $(ALL_LDFLAGS) $(LIBS)

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(call say,AR) ar rcs $@ $(LIB_OBJ)

$(BUILD)/%.o: %.c mk/config.mk Makefile
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define kernels
$$(BUILD)/kernels/$(1)/%.o: $$(KERNEL_DIR)/%.c mk/config.mk Makefile
	@mkdir -p $$(@D)
	$$(call say,CC) $$(CC) $$(ALL_CFLAGS) $$(KERNEL_CFLAGS) $$(ISA_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach isa,$(ISAS),$(eval $(call kernels,$(isa))))

-include $(patsubst %.o,%.d,$(LIB_OBJ) $(ALL_OBJ) $(OPS_OBJ) $(SCENE_OBJ)) \
         $(patsubst %.c,$(BUILD)/%.d,$(wildcard tests/unit/*.c tests/bench/*.c))

include tests/cuda/rules.mk mk/cuda.mk mk/mpi.mk tests/fuzz/rules.mk tests/faults/rules.mk mk/lint.mk
include completions/rules.mk mk/dist.mk

# ---- packages ------------------------------------------------------------------------------------

# Says which of the packages $(1) are missing, then installs them by Debian's package manager. Where
# nothing is missing it needs neither root nor sudo; on another system it only says what is needed.
define install_packages
	@missing=; command -v dpkg-query >/dev/null || { \
	    echo "not a Debian, so not checked; needed are: $(strip $(1))" >&2; exit 0; }; \
	for p in $(1); do \
	    dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	done; \
	[ -z "$$missing" ] && exit 0; \
	as=; [ "$$(id -u)" = 0 ] || as=sudo; \
	echo "missing:$$missing; installing by $${as:+$$as }apt-get" >&2; \
	$$as apt-get update -qq && \
	$$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null
endef

deps:
	$(call install_packages,$(BUILD_PACKAGES))
check-deps: deps
	$(call install_packages,$(CHECK_PACKAGES))

# ---- the main job, tests, lint -------------------------------------------------------------------

# deps first, then a second make: what is there to build depends on what is installed. It uses all
# processors, unless this make was told how many.
build = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
demo: deps
	+@$(build) all
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(MAKE) --no-print-directory -f mk/demo.mk demo-run

tests: all completions $(BIN)/test-ops $(UNIT) $(BENCH) $(REPLAY) $(NOMEM) $(EMULATED_PLUGIN)

check: check-deps
	+@$(build) tests
	@IR_BIN="$(CURDIR)/$(BIN)" tests/run

# what is installed suffices, or the tests say what they skip
test:
	$(if $(T),,$(error T= names one of $(basename $(notdir $(wildcard tests/*.bats)))))
	+@$(build) tests
	@IR_BIN="$(CURDIR)/$(BIN)" tests/run $(T:%=tests/%.bats)

# A knob's value is taken letter by letter: make must not expand it when it hands it on.
ifneq ($(filter hrl,$(MAKECMDGOALS)),)
$(foreach v,$(filter-out SHELL MAKE%,$(.VARIABLES)),$(if $(filter command,$(firstword $(origin $v))),\
    $(eval override $v := $$(value $v))))
endif
hrl: all
	+@$(MAKE) --no-print-directory -f hrl.mk

check-parity: check-deps
	+@$(build) tests
	@IR_BIN="$(CURDIR)/$(BIN)" tests/run tests/parity.bats

SANITIZE = -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
asan: check-deps
	+@$(build) BUILD=build/asan OPT="$(SANITIZE)" tests
	@IR_BIN="$(CURDIR)/build/asan/bin" IR_ASAN=1 LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp \
	    tests/run

# The parts with threads: the pipeline, the team, whole lines, ir-corrupt, the classical methods. The
# libraries are not instrumented; what threads do is all in the programs, the team too. Races are
# written to files: a test may not look at the status of every program that it starts. A program that
# fails ends without waiting for its threads, which is no leak.
RACES = tests/base.bats tests/team.bats tests/lines.bats tests/corrupt.bats tests/classical.bats
tsan: check-deps
	+@$(build) BUILD=build/tsan OPT="-O1 -fsanitize=thread" NVCC= tests
	@rm -f build/tsan/race.*
	@IR_BIN="$(CURDIR)/build/tsan/bin" IR_ASAN=1 \
	TSAN_OPTIONS="report_thread_leaks=0 log_path=$(CURDIR)/build/tsan/race" tests/run $(RACES); \
	    status=$$?; cat build/tsan/race.* 2>/dev/null && exit 1; exit $$status

bench: check-deps
	$(call install_packages,$(BENCH_PACKAGES))
	+@$(build) all $(BENCH)
	@IR_BIN="$(abspath $(BIN))" IR_BENCH_VENV="$(abspath $(BUILD))/bench-venv" tests/bench/run

MAN_PAGES = $(wildcard man/*.[1-9])

# ---- install -------------------------------------------------------------------------------------

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(DATADIR)/hrl $(DESTDIR)$(DATADIR)/models
	install -m 755 $(PROGRAMS:%=$(BIN)/%) $(DESTDIR)$(BINDIR)
	install -m 644 hrl.mk models.mk tables.mk $(DESTDIR)$(DATADIR)
	install -m 644 $(wildcard models/default models/*.tar models/*.md) $(DESTDIR)$(DATADIR)/models
	install -m 644 $(wildcard hrl/*) $(DESTDIR)$(DATADIR)/hrl
	for page in $(MAN_PAGES); do \
	    dir=$(DESTDIR)$(MANDIR)/man$${page##*.}; \
	    install -d $$dir && install -m 644 $$page $$dir || exit 1; \
	done

uninstall:
	rm -f $(PROGRAMS:%=$(DESTDIR)$(BINDIR)/%)
	rm -rf $(DESTDIR)$(DATADIR)
	for page in $(MAN_PAGES); do \
	    rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; \
	done

clean:
	rm -rf $(BUILD)

.PHONY: all clean deps check-deps lint-deps demo hrl tests test check check-parity bench asan tsan install uninstall
