# models.mk: the detectors that come with irtools, made again from the data sets.
#
#   make -f models.mk alcnet NUAA=dir NUDT=dir IRSTD=dir    models/alcnet.tar and its card, alcnet.md
#   make -f models.mk acm NUAA=...                          a smaller one
#   make -f models.mk dnanet balistd NUAA=...               those that are too large for the source tree
#   make -f models.mk acm RUN=run NUAA=...                  of a run of hrl.mk that there is already
#   make -f models.mk data NUAA=...                         only the joint data set
#
# Each of the three is a directory as hrl.mk takes it for DATA, with images/, masks/ and lists. Their
# training lists together train a detector as the recipe below says, by hrl.mk; a part of each is
# held out, and the round that is best there becomes the model, in half precision. It is scored on
# each test list, clean and corrupted. A stopped make goes on where it was by the same command.
#
#   MODELS=     where model and card go (models/ beside this file)
#   WORK=       where the data set, the runs and the scores are kept (runs/models)
#   KNOBS=      knobs of hrl.mk that differ from the recipe, as on a command line: "ROUNDS=5 SEED=2"
#   DEVICE=, THREADS=, CACHE=    as hrl.mk's
#
# What is written by hand about a model, MODELS/NAME.notes, becomes a part of its card.

# ---- what is made and how ------------------------------------------------------------------------

# A model for each recipe: knobs of hrl.mk. COMMON: those of all.
COMMON         = STRATEGY=hrl SEED=1 CROP=256 EMA=0.999 LR_SCHEDULE=cosine NORMALISE=image \
                 LOSS=soft-iou+bce RESIZE_MASKS=nearest KEEP=2
RECIPE_acm     = NET=acm ROUNDS=50 EPOCHS=8 BATCH=4
RECIPE_alcnet  = NET=alcnet ROUNDS=30 EPOCHS=2 BATCH=4
RECIPE_dnanet  = NET=dnanet ROUNDS=50 EPOCHS=6 BATCH=8
RECIPE_balistd = NET=balistd ROUNDS=50 EPOCHS=6 BATCH=8

# One of so many frames of each training list is held out. REPEAT_NAME: how often the others
# are in the joint list, by the name of their set.
HOLD_OUT     = 10
REPEAT_nuaa  = 1
REPEAT_nudt  = 1
REPEAT_irstd = 1

SETS        = nuaa nudt irstd
TITLE_nuaa  = NUAA-SIRST
TITLE_nudt  = NUDT-SIRST
TITLE_irstd = IRSTD-1K
LICENCE     = weights MIT, as irtools; frames: IRSTD-1K MIT (its authors' README), none stated for those \
              of NUAA-SIRST and NUDT-SIRST, on which it was trained only

# ---- the rest ------------------------------------------------------------------------------------

HERE := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
include $(HERE)/hrl/shell.mk
.DELETE_ON_ERROR:

MODELS = $(HERE)/models
WORK   = runs/models
RUN    =
$(call as_it_is,$(call given,NUAA NUDT IRSTD MODELS WORK RUN DEVICE THREADS CACHE))
$(foreach v,WORK MODELS RUN,$(if $(word 2,$($v)),$(error $v has a blank in it: $($v))))
NAMES := $(patsubst RECIPE_%,%,$(filter RECIPE_%,$(.VARIABLES)))
HRL    = $(MAKE) --no-print-directory -f "$$HERE/hrl.mk"
export HERE SETS HOLD_OUT LICENCE NUAA NUDT IRSTD MODELS WORK RUN
export $(foreach s,$(SETS),REPEAT_$s TITLE_$s)

# What every recipe starts with: the functions of hrl/, and run, the run that the model comes from.
start = . "$$HERE/hrl/models.sh"; name=$*; run=$${RUN:-$$WORK/$*}

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' "$$HERE/models.mk"

$(NAMES): %: $(MODELS)/%.md

data:
	@$(start)
	check_places
	join_sets

# hrl.mk knows what is done already.
$(NAMES:%=train-%): train-%: data
	@$(start)
	[ -z "$$RUN" ] || exit 0
	$(HRL) RUN="$$run" DATA="$$WORK/data" VAL="$$WORK/data/val.txt" $(COMMON) $(RECIPE_$*) $(KNOBS)

# Asked each time, and left alone where it is the same: then nothing behind it is made again.
$(NAMES:%=$(WORK)/%.plain.tar): $(WORK)/%.plain.tar: train-%
	@$(start)
	ir-train export -c "$$(RUN=$$run CHECKPOINT= detector)" --half -w "$@.new"
	if cmp -s "$@.new" "$@"; then rm "$@.new"; else mv -fT "$@.new" "$@"; fi

$(NAMES:%=$(WORK)/%.scores.tsv): $(WORK)/%.scores.tsv: $(WORK)/%.plain.tar
	@$(start)
	$(HRL) robustness RUN="$$run" CHECKPOINT="$<" RESIZE_MASKS=nearest TABLE="$@" \
	    FAMILIES='noise blur isp' TEST="$(SETS:%=$(WORK)/data/sets/%)" $(filter SEVERITIES=%,$(KNOBS)) > /dev/null

$(NAMES:%=$(MODELS)/%.tar): $(MODELS)/%.tar: $(WORK)/%.scores.tsv
	@$(start)
	mkdir -p "$$MODELS"
	intervals "$<" > "$$WORK/$*.intervals.tsv"
	description > "$$WORK/$*.about"
	ir-train export -c "$$WORK/$*.plain.tar" --half --describe "$$WORK/$*.about" -w "$@"
	[ -e "$$MODELS/default" ] || echo "$*" > "$$MODELS/default"

$(NAMES:%=$(MODELS)/%.md): $(MODELS)/%.md: $(MODELS)/%.tar $(wildcard $(MODELS)/*.notes)
	@$(start)
	card | put "$@"
	echo "$@"

.PHONY: help data $(NAMES) $(NAMES:%=train-%)
.SECONDARY:
