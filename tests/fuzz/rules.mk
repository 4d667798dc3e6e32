# Fuzzing: a target for each parser, target_NAME.c.
#
#   build/bin/replay-NAME FILE...    the target without a fuzzer: says what became of each file
#   build/fuzz/bin/fuzz-NAME         the target with clang's libFuzzer, AddressSanitizer and UBSan
#   make fuzz SECONDS=60 TARGETS=    builds the latter and runs each so long; finds go into
#                                    tests/fuzz/found/NAME, which make check replays

FUZZ_TARGETS = $(patsubst tests/fuzz/target_%.c,%,$(wildcard tests/fuzz/target_*.c))
FUZZ_OBJ     = $(patsubst %,$(BUILD)/tests/fuzz/%.o,contain blocks files descriptor pixels) \
               $(foreach d,base stream checkpoint,$(filter $(BUILD)/common/$(d)/%,$(LIB_OBJ)))
REPLAY       = $(FUZZ_TARGETS:%=$(BIN)/replay-%)
FUZZER       = $(FUZZ_TARGETS:%=$(BIN)/fuzz-%)

# What contain.c and files.c stand in for.
FUZZ_WRAP = -Wl,--wrap=ir_die,--wrap=ir_die_errno,--wrap=ir_usage_die,--wrap=ir_warn \
            -Wl,--wrap=ir_malloc,--wrap=ir_calloc,--wrap=ir_realloc \
            -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free \
            -Wl,--wrap=getline,--wrap=__getdelim,--wrap=vasprintf \
            -Wl,--wrap=ir_open_in,--wrap=fopen,--wrap=fclose,--wrap=access,--wrap=stat
FUZZ_LINK = $(if $(DEPS),-L$(DEPS)/lib -Wl$(comma)-rpath$(comma)$(DEPS)/lib) $(OPT) $(LDFLAGS) \
            $(FUZZ_WRAP) -pthread -lnetpbm -lpng -ltiff -larchive -lnettle -lm

$(BIN)/replay-checkpoint $(BIN)/fuzz-checkpoint: \
    FUZZ_WRAP += -Wl,--wrap=archive_read_new,--wrap=archive_read_free
$(BIN)/replay-table $(BIN)/fuzz-table $(BIN)/replay-report $(BIN)/fuzz-report: \
    $(filter-out %/main.o,$(ir-score_OBJ))
$(BIN)/replay-report $(BIN)/fuzz-report: FUZZ_WRAP += -Wl,--wrap=picture_write \
    -Wl,--wrap=received_open,--wrap=received_open_within

$(BIN)/replay-tiff $(BIN)/fuzz-tiff: FUZZ_WRAP += -Wl,--wrap=TIFFFdOpenExt,--wrap=TIFFClose

$(REPLAY): $(BIN)/replay-%: $(BUILD)/tests/fuzz/target_%.o $(BUILD)/tests/fuzz/replay.o $(FUZZ_OBJ)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) -fopenmp -o $@ $(filter %.o,$^) $(FUZZ_LINK)

$(FUZZER): $(BIN)/fuzz-%: $(BUILD)/tests/fuzz/target_%.o $(FUZZ_OBJ)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(FUZZ_LINK)

# A mutator that knows the format, where there is one.
define fuzz_mutator
$(BIN)/fuzz-$(1): $(BUILD)/tests/fuzz/mutate_$(1).o
endef
$(foreach t,$(patsubst tests/fuzz/mutate_%.c,%,$(wildcard tests/fuzz/mutate_*.c)),\
    $(eval $(call fuzz_mutator,$(t))))
$(BIN)/fuzz-records $(BIN)/fuzz-table $(BIN)/fuzz-report: $(BUILD)/tests/fuzz/lines.o

$(BUILD)/tests/fuzz/%.o: ALL_CFLAGS += $(OWN_CFLAGS)

-include $(patsubst %.c,$(BUILD)/%.d,$(wildcard tests/fuzz/*.c))

# ---- with clang ----------------------------------------------------------------------------------

# wide.h's clones are gcc's; loops for several threads are not there to be fuzzed.
FUZZ_SANITIZE = -O2 -fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow \
                -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_CFLAGS   = -g -fno-openmp -fopenmp-simd -D__SANITIZE_ADDRESS__ -Wno-unknown-warning-option \
                -Wno-pass-failed
FUZZ_CC       = clang
# The targets' own code is not what is looked for, and takes long when it is looked at.
FUZZ_OWN      = -fno-sanitize=all
SECONDS       = 60
TARGETS       = $(FUZZ_TARGETS)

fuzzers: $(FUZZER)

fuzz: deps
	$(call install_packages,$(FUZZ_PACKAGES))
	+@$(build) BUILD=build/fuzz CC='$(FUZZ_CC)' OPT='$(FUZZ_SANITIZE)' CFLAGS='$(FUZZ_CFLAGS)' \
	    OWN_CFLAGS='$(FUZZ_OWN)' fuzzers
	@tests/fuzz/run build/fuzz $(SECONDS) $(TARGETS)

.PHONY: fuzzers fuzz
