# hrl.mk: hierarchical reinforced learning (Algorithm 1) as a Makefile.
#
#   make -f hrl.mk DATA=sirst NET=acm STRATEGY=hrl RUN=run   train; again: go on where it stopped
#   make -f hrl.mk robustness RUN=run                        the table of a run's detector
#   make -f hrl.mk show RUN=run                              that table again
#   make -f hrl.mk compare RUNS="a b"                        tables side by side, with the gain
#   make -f hrl.mk report RUNS="a b"                         one HTML page on these runs
#   make -f hrl.mk watch RUN=run                             a run's curves in the terminal
#   make -f hrl.mk data DATA=sirst                           only fill the cache
#
# A round is EPOCHS epochs. Round 7 is the directory RUN/0007: detector.tar, policy.tar,
# images.list, masks.list, strategies, rewards, log. It is made from RUN/0006 as RUN/.0007.tmp and
# renamed when whole, so what is there is whole. Round 0000 is the start. RUN/log.tsv has a row for
# each round, RUN/policy.tsv one for each round and strategy.
#
# Knobs are recorded in RUN/knobs when a run begins and need not be repeated. These shape the run,
# and other values are refused afterwards:
#
#   DATA=            directory with images/, masks/ and train.txt, test.txt (or img_idx/)
#   STRATEGY=hrl     who chooses the corruptions: none random noise blur isp hrl
#   NET=acm          the detector
#   INIT=            a detector's checkpoint to start from, instead of a fresh NET
#   LAMBDA=1         weight of the corrupted images' loss
#   BATCH=16         frames in a batch
#   EPOCHS=3         epochs in a round
#   SEED=1
#   SEVERITIES=1 3 5 the three that the policy plays with; also those of the robustness table
#   CROP=256         side of the training crops
#   LR=1e-3          the detector's learning rate
#   LR_STEPS=        rounds after which it falls to a tenth ("30 40")
#   POLICY_LR=1e-2   the policy's learning rate
#   ENTROPY=0.2      weight of the policy's entropy bonus
#   MAXVAL=          the frames' range, where it is not their maxval
#   RESIZE_MASKS=    nearest: scale masks of another size than their frames, instead of refusing
#   VAL=             a list of names kept out of training and scored after each round; the round
#                    with the best IoU is kept as RUN/best.tar
#   INIT_OPTIONS= TRAIN_OPTIONS= POLICY_OPTIONS=
#                    further options for ir-train init, ir-train and ir-policy play
#
# Knobs that may change from call to call:
#
#   ROUNDS=50        how far to go
#   KEEP=            keep only the checkpoints of so many rounds
#   DEVICE=auto THREADS=(all)
#   CACHE=           where converted frames are kept (.irtools-cache/ beside RUN)
#   CHECKPOINT=      robustness: another detector (RUN/best.tar, else the last round's)
#   METHOD=          robustness: a classical method of ir-detect instead of a checkpoint
#   DETECT=          robustness: any command that reads images and writes masks, one for one
#   TEST=            robustness: other directories with frames and a test.txt, instead of DATA
#   TABLE=           robustness, show: the table (RUN/robustness.tsv; with METHOD, RUN/METHOD.tsv)
#   METRIC=iou       compare: iou, pd, fa or rce
#   REPORT=          report: the page (RUN/report.html; with RUNS, report.html)

# bash, which is told to end when make is gone, however that came
SHELL       := setpriv
.SHELLFLAGS := --pdeathsig TERM bash -euo pipefail -c
.ONESHELL:
.SUFFIXES:
MAKEFLAGS += --no-print-directory --no-builtin-rules

HERE := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
# Programs are found in PATH, or else where this source tree builds them.
export PATH   := $(PATH):$(HERE)/build/bin
export LC_ALL := C

# ---- knobs ---------------------------------------------------------------------------------------

default.STRATEGY   := hrl
default.NET        := acm
default.LAMBDA     := 1
default.BATCH      := 16
default.EPOCHS     := 3
default.SEED       := 1
default.SEVERITIES := 1 3 5
default.CROP       := 256
default.LR         := 1e-3
default.POLICY_LR  := 1e-2
default.ENTROPY    := 0.2
default.ROUNDS     := 50

PATHS  := DATA INIT VAL
SHAPES := $(PATHS) STRATEGY NET LAMBDA BATCH EPOCHS SEED SEVERITIES CROP LR LR_STEPS POLICY_LR \
          ENTROPY MAXVAL RESIZE_MASKS INIT_OPTIONS TRAIN_OPTIONS POLICY_OPTIONS

RUN    ?= run
DEVICE ?= auto
METRIC ?= iou
override RUN     := $(patsubst %/,%,$(RUN))
override THREADS := $(or $(THREADS),$(shell nproc))

GOALS    := $(or $(MAKECMDGOALS),train)
TRAINING := $(filter train $(RUN)/%,$(GOALS))
BEGUN    := $(wildcard $(RUN)/0000)

# require CONDITION,MESSAGE: CONDITION is not empty, or make stops.
require = $(if $(strip $1),,$(error $2))

# Paths go into rules, patterns and the recipes' text, where these characters mean something.
odd = : % ; = & | < > ( ) { } [ ] * ? ! ~ ` ' " $$ \ \#
without = $(call require,$(if $(findstring $1,$($2)),,ok),$2 has $1 in it: $($2))
plain = $(call require,$(if $(word 2,$($1)),,ok),$1 has a blank in it: $($1))\
        $(call require,$(if $(filter -%,$($1)),,ok),$1 begins with -: $($1))\
        $(foreach c,$(odd),$(call without,$c,$1))
$(call require,$(RUN),RUN is empty)
$(call plain,RUN)
$(call require,$(if $(wildcard $(RUN)/run.sh),,ok),RUN: $(RUN) is where the scripts of hrl.mk are)

# whole KNOB,LEAST,DIGITS: it is a whole number from LEAST on, of so many digits at most.
whole = $(call require,$(shell n='$($1)'; [[ $$n =~ ^[0-9]{1,$3}$$ && 10#$$n -ge $2 ]] && echo ok),\
        $1 is "$($1)": not a whole number from $2 on of at most $3 digits)

# A knob is what was given, what was recorded, or its default, in this order.
GIVEN :=
define knob
given    := $$(filter-out undefined,$$(origin $1))
GIVEN    += $$(if $$(given),$1)
recorded := $$(or $$(if $(BEGUN),$$(shell sed -n 's/^$1 //p' $(RUN)/knobs)),$$(default.$1))
override $1 := $$(strip $$(if $$(given),$$($1),$$(recorded)))
ifneq ($$(filter $1,$(PATHS)),)
override $1 := $$(abspath $$($1))
endif
ifneq ($$(and $(TRAINING),$(BEGUN),$$(filter $1,$(SHAPES))),)
ifneq ($$($1),$$(recorded))
$$(error $1 is "$$($1)" here but "$$(recorded)" in $(RUN))
endif
endif
endef
$(foreach k,$(SHAPES) ROUNDS,$(eval $(call knob,$k)))

$(foreach k,$(SHAPES),$(if $(filter $k,$(PATHS)),$(call plain,$k),$(call without,',$k)))
$(foreach c,$(odd),$(call without,$c,TEST))

NUMBERS := $(shell seq -f %04.0f 0 $(ROUNDS) 2>&-)
ROUND   := $(NUMBERS:%=$(RUN)/%)
# Where a data directory's converted frames are kept, unless CACHE says so.
named     = $(notdir $1)-$(firstword $(shell echo '$1' | cksum))
cache_of  = $(patsubst %/,%,$(dir $(abspath $(RUN))))/.irtools-cache/$(call named,$1)
CACHE    ?= $(call cache_of,$(DATA))
$(call plain,CACHE)

ifneq ($(filter-out show compare report watch help,$(GOALS)),)
$(if $(TEST),,$(call require,$(DATA),DATA is missing: the directory of the frames))
$(if $(DATA),$(call require,$(wildcard $(DATA)/.),DATA: no directory $(DATA)))
$(foreach t,$(TEST),$(call require,$(wildcard $t/.),TEST: no directory $t))
$(call whole,THREADS,1,4)
$(call whole,SEED,0,14)
$(call require,$(if $(filter-out nearest,$(RESIZE_MASKS)),,ok),RESIZE_MASKS is "$(RESIZE_MASKS)": \
    not nearest)
endif
ifneq ($(TRAINING),)
$(call whole,ROUNDS,0,4)
$(call whole,EPOCHS,1,4)
$(if $(KEEP),$(call whole,KEEP,1,4))
$(call require,$(filter $(STRATEGY),none random noise blur isp hrl),STRATEGY is "$(STRATEGY)": \
    not none random noise blur isp hrl)
endif

maxval  := $(if $(MAXVAL),--maxval $(MAXVAL))
machine := -d $(DEVICE) -j $(THREADS)

# What every recipe starts with.
shell_functions = . "$(HERE)/hrl/run.sh"; run="$(RUN)" data="$(DATA)" cache="$(CACHE)" \
                  scale="$(RESIZE_MASKS)" threads="$(THREADS)" keep="$(KEEP)" \
                  device="$(DEVICE)" severities="$(SEVERITIES)"

# ---- training ------------------------------------------------------------------------------------

# The command that a run began with.
export TOLD = make -f hrl.mk $(foreach k,RUN $(GIVEN),$k=$(if $(word 2,$($k)),'$($k)',$($k)))

train: | $(lastword $(ROUND))
	@$(shell_functions)
	settle
	record

# Each round waits for the one before; what exists is whole, so its age does not matter.
previous :=
$(foreach n,$(NUMBERS),\
    $(if $(previous),$(eval $(RUN)/$n: | $(RUN)/$(previous)))$(eval previous := $n))

# The start: the list of frames, the knobs, a detector and a policy.
$(RUN)/0000:
	@$(shell_functions)
	begin "$@" lock
	frame_names train > "$$tmp/all.txt"
	if [ -n "$(VAL)" ]; then names_in "$(VAL)"; fi > "$$tmp/val.txt"
	grep -vxFf "$$tmp/val.txt" "$$tmp/all.txt" > "$$tmp/train.txt" ||
	    fail "$@: no frame is left to train on"
	rm "$$tmp/all.txt"
	cached "$$tmp/train.txt" "$$tmp/val.txt"
	paths images "$$tmp/train.txt" > "$$tmp/images.list"
	start() {
	    if [ -n "$(INIT)" ]; then
	        member cp "$(INIT)" "$$tmp/detector.tar"
	    else
	        member ir-train init --net $(NET) -r $(SEED) $(maxval) $(INIT_OPTIONS) \
	            -w "$$tmp/detector.tar" "@$$tmp/images.list"
	    fi
	    if [ $(STRATEGY) != none ]; then
	        member ir-policy init -r $(SEED) --severities "$(SEVERITIES)" -w "$$tmp/policy.tar"
	    fi
	}
	together start
	rm "$$tmp/images.list"
	about "$$TOLD" > "$$tmp/about.tsv"
	{ $(foreach k,$(SHAPES) ROUNDS,echo '$k $($k)'; )} > $(RUN)/knobs
	finish

# A round. All three programs read the same list of frames: EPOCHS epochs, each in its own order.
# ir-policy writes a batch's strategies and waits for its rewards; ir-corrupt makes the images as
# the records come; ir-train writes the rewards after its forward pass.
$(wordlist 2,$(words $(ROUND)),$(ROUND)): $(RUN)/%:
	@$(shell_functions)
	begin "$@" lock
	previous=$(firstword $|)
	[ -e "$$previous/detector.tar" ] || fail "$$previous has no detector.tar any more"
	cached "$(RUN)/0000/train.txt" "$(RUN)/0000/val.txt"
	seed=$$((10#$(SEED) * 10000 + 10#$*))
	shuffled "$(RUN)/0000/train.txt" $$seed $(EPOCHS) > "$$tmp/names"
	paths images "$$tmp/names" > "$$tmp/images.list"
	paths masks "$$tmp/names" > "$$tmp/masks.list"
	rm "$$tmp/names"
	lr=$$(learning_rate $* $(LR) $(LR_STEPS))
	train() {
	    member ir-train -c "$$previous/detector.tar" -w "$$tmp/detector.tar" --log "$$tmp/log" \
	        --batch $(BATCH) --crop $(CROP) --lr $$lr --lambda $(LAMBDA) -r $$seed $(maxval) \
	        $(machine) $(TRAIN_OPTIONS) "$$@" "@$$tmp/images.list" "@$$tmp/masks.list"
	}
	game() {
	    member ir-policy play -c "$$previous/policy.tar" -w "$$tmp/policy.tar" \
	        -R "$$tmp/rewards.fifo" --strategy $(STRATEGY) --batch $(BATCH) --lr $(POLICY_LR) \
	        --entropy $(ENTROPY) -r $$seed $(maxval) -d $(DEVICE) $(POLICY_OPTIONS) \
	        "@$$tmp/images.list" 7< "$$tmp/rewards.fifo" |
	    member tee "$$tmp/strategies" |
	    member ir-corrupt -S - -r $$seed -j $(THREADS) $(maxval) "@$$tmp/images.list" |
	    train --corrupted - -R - |
	    member tee "$$tmp/rewards" > "$$tmp/rewards.fifo"
	}
	mkfifo "$$tmp/rewards.fifo"
	together $(if $(filter none,$(STRATEGY)),train,game)
	score() {
	    member ir-detect -c "$$tmp/detector.tar" $(maxval) $(machine) "@$$tmp/val.images" |
	    member ir-score --tsv - "@$$tmp/val.masks" > "$$tmp/val.tsv"
	}
	if [ -s "$(RUN)/0000/val.txt" ]; then
	    paths images "$(RUN)/0000/val.txt" > "$$tmp/val.images"
	    paths masks "$(RUN)/0000/val.txt" > "$$tmp/val.masks"
	    together score
	    rm "$$tmp"/val.{images,masks}
	fi
	finish
	settle
	record
	say_round

# ---- robustness ----------------------------------------------------------------------------------

TABLE  ?= $(RUN)/$(or $(METHOD),robustness).tsv
ifeq ($(METHOD),)
DETECT ?= ir-detect -c "$$tmp/detector.tar" -d $(DEVICE) -j 1 $(maxval)
else
$(call require,$(if $(DETECT)$(CHECKPOINT),,ok),METHOD does not go with CHECKPOINT or DETECT)
DETECT := ir-detect -m $(METHOD) -j 1 $(maxval)
endif

TESTED  = $(or $(patsubst %/,%,$(TEST)),$(DATA))
# The cache of one of these; a CACHE that was given has a part for each but DATA.
tested_cache = $(if $(filter $(DATA),$(abspath $1)),$(CACHE),$(if $(filter file,$(origin \
               CACHE)),$(call cache_of,$(abspath $1)),$(CACHE)/$(call named,$(abspath $1))))

# The test lists, clean and under every corruption and severity, as many conditions at a time as
# there are threads. Each directory of test frames is $$tmp/1, $$tmp/2, ...
robustness:
	@$(shell_functions)
	[ ! -d "$(TABLE)" ] || fail "$(TABLE) is a directory"
	begin "$(TABLE)" robustness.lock
	$(if $(findstring detector.tar,$(DETECT)),copy_detector "$(CHECKPOINT)")
	corruptions=$$(ir-corrupt --list | awk '!/^#/ && $$2 != "camera" { print $$1 }')
	names=($(TESTED))
	add() {
	    local data=$$1 cache=$$2 at=$$tmp/$$3

	    mkdir "$$at"
	    frame_names test > "$$at/test.txt"
	    cached "$$at/test.txt"
	    paths images "$$at/test.txt" > "$$at/images"
	    paths masks "$$at/test.txt" > "$$at/masks"
	    {
	        echo clean 0
	        for name in $$corruptions; do printf "$$name %d\n" $(SEVERITIES); done
	    } > "$$at/conditions"
	}
	n=0
	$(foreach t,$(TESTED),n=$$((n + 1)); add "$t" "$(call tested_cache,$t)" $$n;)
	images() {
	    case $$2 in
	    clean) xargs -d '\n' -a "$$tmp/$$1/images" cat ;;
	    *) ir-corrupt -n "$$2" -s "$$3" -r $(SEED) -j 1 $(maxval) "@$$tmp/$$1/images" ;;
	    esac
	}
	condition() {
	    local to=$$tmp/$$1/$$2.$$3

	    images "$$@" | $(DETECT) | ir-score --tsv - "@$$tmp/$$1/masks" > "$$to.part" &&
	        mv "$$to.part" "$$to.tsv" && progress "$$tmp"/*/*.tsv
	}
	conditions() {
	    for n in $${!names[@]}; do sed "s/^/$$((n + 1)) /" "$$tmp/$$((n + 1))/conditions"; done |
	    member xargs -P $(THREADS) -n 3 \
	        bash -euo pipefail -c 'condition "$$@" || exit 255' condition
	}
	export tmp
	export -f images condition progress
	together conditions 5>&2
	[ ! -t 2 ] || echo >&2
	for n in $${!names[@]}; do
	    robustness_table "$$tmp/$$((n + 1))" | named_rows "$$n" "$${names[@]}"
	done > "$$tmp/table"
	mv "$$tmp/table" "$(TABLE)"
	rm -r "$$tmp"
	aligned < "$(TABLE)"

show:
	@$(shell_functions)
	[ -r "$(TABLE)" ] || fail "$(TABLE) is missing: make -f hrl.mk robustness RUN=$(RUN)"
	aligned < "$(TABLE)"

compare:
	@$(shell_functions)
	compare "$(METRIC)" $(RUNS)

# ---- the report ----------------------------------------------------------------------------------

REPORTED = $(or $(RUNS),$(RUN))
REPORT  ?= $(if $(RUNS),report.html,$(RUN)/report.html)

# Each run is scored by a make of its own, with that run's knobs.
report:
	@$(shell_functions)
	for r in $(REPORTED); do
	    [ -d "$$r/0000" ] || continue
	    { $(MAKE) -f "$(HERE)/hrl.mk" scored RUN="$$r" 2>&1 >&3 |
	        sed '/^make.*\*\*\*/d' >&2; } 3>&1 || exit 1
	done
	ir-score report -o "$(REPORT)" $(REPORTED)
	echo "$(REPORT)"

# RUN/scored: what the report says of the run's detector on the test list, clean and with each frame
# under another strategy. It is made again when the detector or the list is another.
scored:
	@$(shell_functions)
	record
	from=$$(detector "$(CHECKPOINT)")
	forget_scores "$$from" "$(DATA) $(SEED) $(SEVERITIES) $(MAXVAL) $(RESIZE_MASKS)"
	begin "$(RUN)/scored" scored.lock
	cp "$$from" "$$tmp/detector.tar"
	frame_names test | awk '!seen[$$0]++' > "$$tmp/names"
	cached "$$tmp/names"
	known_as "$$tmp/names" > "$$tmp/known"
	paths images "$$tmp/names" > "$$tmp/frames.list"
	paths masks "$$tmp/names" > "$$tmp/truth.list"
	spread_strategies "$$tmp/known" > "$$tmp/strategies"
	for kind in clean corrupted found; do
	    known_as "$$tmp/names" "$$tmp/$$kind/" > "$$tmp/$$kind.list"
	done
	detect() {
	    member ir-detect -c "$$tmp/detector.tar" --soft $(maxval) $(machine) -o "$$tmp/$$1" "@$$2"
	}
	score() { member ir-score --tsv "$$@" "@$$tmp/truth.list"; }
	scores() {
	    detect clean "$$tmp/frames.list"
	    score --bootstrap 1000 --thresholds 255 "@$$tmp/clean.list" > "$$tmp/clean.tsv"
	    score --roc --thresholds 255 "@$$tmp/clean.list" > "$$tmp/roc.tsv"
	    score --pr --thresholds 255 "@$$tmp/clean.list" > "$$tmp/pr.tsv"
	    member ir-corrupt -S "$$tmp/strategies" -r $(SEED) -j $(THREADS) $(maxval) \
	        -o "$$tmp/corrupted" "@$$tmp/frames.list"
	    detect found "$$tmp/corrupted.list"
	    score --bootstrap 1000 --thresholds 255 "@$$tmp/found.list" > "$$tmp/corrupted.tsv"
	    score --per-image "@$$tmp/found.list" > "$$tmp/by-frame"
	}
	together scores
	images_table < "$$tmp/by-frame" > "$$tmp/images.tsv"
	echo "$$stamp" > "$$tmp/stamp"
	rm -r "$$tmp"/{detector.tar,names,known,by-frame,clean,*.list}
	finish

watch:
	@$(shell_functions)
	watch "$(ROUNDS)"

# ---- the rest ------------------------------------------------------------------------------------

# Frames and masks as every program reads them, and nothing else.
data:
	@$(shell_functions)
	begin "$(CACHE)/data" lock
	for set in train test; do frame_names "$$set" > "$$tmp/$$set"; done
	cached "$$tmp/train" "$$tmp/test"
	rm -r "$$tmp"

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' "$(HERE)/hrl.mk"

.PHONY: train robustness show compare report scored watch data help
# A round that was deleted, with later ones there, is not made again.
.SECONDARY: $(ROUND)
