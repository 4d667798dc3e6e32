# hrl.mk: hierarchical reinforced learning (Algorithm 1) as a Makefile.
#
#   make -f hrl.mk DATA=sirst NET=acm STRATEGY=hrl RUN=run   train; again: go on where it stopped
#   make -f hrl.mk robustness RUN=run                        the table of a run's detector
#   make -f hrl.mk show RUN=run                              that table again
#   make -f hrl.mk compare RUNS="a b"                        tables side by side, with the gain
#   make -f hrl.mk seeds RUNS="a-1 a-2 b-1 b-2"              means over seeds, with intervals
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
#   HOLD=            groups or names of corruptions that are kept out of training: "noise jpeg"
#   CROP=256         side of the training crops
#   LR=1e-3          the detector's learning rate
#   LR_STEPS=        rounds after which it falls to a tenth ("30 40")
#   LR_SCHEDULE=steps
#                    cosine: the rate falls along a cosine over all ROUNDS instead
#   EMA=             decay of the averaged weights that detection uses, such as 0.999
#   NORMALISE=set    image: by each image's own mean and deviation, not the training set's
#   LOSS=soft-iou    soft-iou+bce: binary cross-entropy added
#   REWARD=loss      the adversary's: the corrupted frame's loss, or its rise over the clean one's
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
#   MPIRUN=          what starts ir-train in several processes: "mpirun --hostfile hosts -n 4"
#   PARALLEL=        robustness: what plays its conditions on several machines, GNU parallel with its
#                    options: "parallel --sshlogin a,b"
#   CACHE=           where converted frames are kept (.irtools-cache/ beside RUN)
#   CHECKPOINT=      robustness: another detector (RUN/best.tar, else the last round's)
#   METHOD=          robustness: a classical method of ir-detect instead of a checkpoint
#   DETECT=          robustness: any command that reads images and writes masks, one for one
#   TEST=            robustness: other directories with frames and a test.txt, instead of DATA
#   FAMILIES=        robustness: the groups of corruptions (noise blur isp camera), or clean
#   TABLE=           robustness, show: the table (RUN/robustness.tsv; with METHOD, RUN/METHOD.tsv)
#   METRIC=iou       compare, seeds: iou, pd, fa or rce
#   REPORT=          report: the page (RUN/report.html; with RUNS, report.html)

HERE := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
include $(HERE)/hrl/shell.mk

# ---- knobs ---------------------------------------------------------------------------------------

# DETECT alone is text, a command for the shell.
GIVEN := $(call given,$(filter-out DETECT SHELL MAKE%,$(.VARIABLES)))
$(call as_it_is,$(GIVEN))
export DETECT
GOALS := $(or $(MAKECMDGOALS),train)

# hrl/knobs.sh checks them all, and what the run has recorded. make itself needs to know the run and
# the numbers of its rounds.
ifneq ($(filter-out help,$(GOALS)),)
CHECKED := $(shell export $(foreach v,$(GIVEN),$(call quoted,$v=$(value $v))) \
               $(if $(value DETECT),DETECT=given) LC_ALL=C; \
               . $(call quoted,$(HERE)/hrl/run.sh); check_knobs $(call quoted,$(GOALS)) 2>&1)
$(if $(filter ok,$(firstword $(CHECKED))),,$(error $(subst hrl.mk: ,,$(CHECKED))))
endif
override RUN := $(word 2,$(CHECKED))
NUMBERS      := $(wordlist 3,$(words $(CHECKED)),$(CHECKED))
ROUND        := $(NUMBERS:%=$(RUN)/%)

# What every recipe starts with: the functions of hrl/, and the knobs as variables of the shell.
start = . "$$HERE/hrl/run.sh"; start

# ---- training ------------------------------------------------------------------------------------

train: | $(lastword $(ROUND))
	@$(start)
	settle
	record

# Each round waits for the one before; what exists is whole, so its age does not matter.
previous :=
$(foreach n,$(NUMBERS),\
    $(if $(previous),$(eval $(RUN)/$n: | $(RUN)/$(previous)))$(eval previous := $n))

# The start: the list of frames, the knobs, a detector and a policy.
$(RUN)/0000:
	@$(start)
	begin "$@" lock || exit 0
	frame_names train > "$$tmp/all.txt"
	if [ -n "$$VAL" ]; then names_in "$$VAL"; fi > "$$tmp/val.txt"
	grep -vxFf "$$tmp/val.txt" "$$tmp/all.txt" > "$$tmp/train.txt" ||
	    fail "$@: no frame is left to train on"
	rm "$$tmp/all.txt"
	check_held
	cached "$$tmp/train.txt" "$$tmp/val.txt"
	paths images "$$tmp/train.txt" > "$$tmp/images.list"
	fresh() {
	    if [ -n "$$INIT" ]; then
	        member cp "$$INIT" "$$tmp/detector.tar"
	    else
	        member ir-train init --net "$$NET" --normalise "$$NORMALISE" -r "$$SEED" $$maxval $$INIT_OPTIONS \
	            -w "$$tmp/detector.tar" "@$$tmp/images.list"
	    fi
	    if [ "$$STRATEGY" != none ]; then
	        member ir-policy init -r "$$SEED" --severities "$$SEVERITIES" -w "$$tmp/policy.tar"
	    fi
	}
	together fresh
	rm "$$tmp/images.list"
	about > "$$tmp/about.tsv"
	record_knobs
	finish

# A round. All three programs read the same list of frames: EPOCHS epochs, each in its own order.
# ir-policy writes a batch's strategies and waits for its rewards; ir-corrupt makes the images as
# the records come; ir-train writes the rewards after its forward pass.
$(wordlist 2,$(words $(ROUND)),$(ROUND)): $(RUN)/%:
	@$(start)
	begin "$@" lock || exit 0
	previous=$(firstword $|)
	[ -e "$$previous/detector.tar" ] || fail "$$previous has no detector.tar any more"
	cached "$$RUN/0000/train.txt" "$$RUN/0000/val.txt"
	seed=$$((10#$$SEED * 10000 + 10#$*))
	names_in "$$RUN/0000/train.txt" | shuffled $$seed "$$EPOCHS" > "$$tmp/names"
	paths images "$$tmp/names" > "$$tmp/images.list"
	paths masks "$$tmp/names" > "$$tmp/masks.list"
	rm "$$tmp/names"
	lr=$$(learning_rate $* "$$LR" $$LR_STEPS)
	schedule="--lr-schedule $$LR_SCHEDULE$${EMA:+ --ema $$EMA}"
	[ "$$LR_SCHEDULE" = steps ] || schedule+=" --total-epochs $$ROUNDS"
	train() {
	    member -l ir-train -c "$$previous/detector.tar" -w "$$tmp/detector.tar" --log "$$tmp/log" \
	        --batch "$$BATCH" --crop "$$CROP" --lr "$$lr" $$schedule --loss "$$LOSS" --lambda "$$LAMBDA" -r $$seed $$maxval \
	        $$trainer $$TRAIN_OPTIONS "$$@" "@$$tmp/images.list" "@$$tmp/masks.list"
	}
	game() {
	    member ir-policy play -c "$$previous/policy.tar" -w "$$tmp/policy.tar" \
	        -R "$$tmp/rewards.fifo" --strategy "$$STRATEGY" $${HOLD:+--hold "$$HOLD"} --batch "$$BATCH" --lr "$$POLICY_LR" \
	        --entropy "$$ENTROPY" -r $$seed $$maxval -d "$$DEVICE" $$POLICY_OPTIONS \
	        "@$$tmp/images.list" 7< "$$tmp/rewards.fifo" |
	    member tee "$$tmp/strategies" |
	    member ir-corrupt -S - -r $$seed -j "$$THREADS" $$maxval "@$$tmp/images.list" |
	    train --corrupted - -R - --reward "$$REWARD" |
	    member tee "$$tmp/rewards" > "$$tmp/rewards.fifo"
	}
	mkfifo "$$tmp/rewards.fifo"
	if [ "$$STRATEGY" = none ]; then together train < /dev/null; else together game; fi
	score() {
	    member ir-detect -c "$$tmp/detector.tar" $$maxval $$machine "@$$tmp/val.images" |
	    member ir-score --tsv - "@$$tmp/val.masks" > "$$tmp/val.tsv"
	}
	if [ -s "$$RUN/0000/val.txt" ]; then
	    paths images "$$RUN/0000/val.txt" > "$$tmp/val.images"
	    paths masks "$$RUN/0000/val.txt" > "$$tmp/val.masks"
	    together score
	    rm "$$tmp"/val.{images,masks}
	fi
	# how the masks are read is the same in each
	finish $(if $(filter-out 0001,$*),'--true-above says otherwise')
	settle
	record
	say_round

# ---- robustness ----------------------------------------------------------------------------------

# The test lists, clean and under every corruption and severity: hrl/conditions.sh. Each directory of
# test frames is $$tmp/1, $$tmp/2, ...
robustness:
	@$(start)
	for file in "$$TABLE" "$$(frames_of "$$TABLE")"; do
	    [ ! -d "$$file" ] || fail "$$file is a directory"
	done
	begin "$$TABLE" robustness.lock
	[ -n "$$METHOD" ] || [[ -n $$DETECT && $$DETECT != *detector.tar* ]] || copy_detector
	names=()
	for name in $${TEST:-$$DATA}; do
	    names+=("$${name%/}")
	    list_conditions "$${name%/}" "$$tmp/$${#names[@]}"
	done
	[ -z "$$PARALLEL" ] || pack_job
	together conditions 5>&2
	[ ! -t 2 ] || echo >&2
	for n in $${!names[@]}; do
	    robustness_table "$$tmp/$$((n + 1))" | named_rows "$$n" "$${names[@]}"
	done > "$$tmp/table"
	for n in $${!names[@]}; do
	    named_rows "$$n" "$${names[@]}" < "$$tmp/$$((n + 1))/frames"
	done > "$$tmp/frames"
	mv -fT "$$tmp/frames" "$$(frames_of "$$TABLE")"
	mv -fT "$$tmp/table" "$$TABLE"
	say_members 'ir-score: '
	rm -r "$$tmp"
	shown < "$$TABLE"

show:
	@$(start)
	[ -r "$$TABLE" ] || fail "$$TABLE is missing: make -f hrl.mk robustness RUN=$$RUN"
	shown < "$$TABLE"

compare:
	@$(start)
	compare "$$METRIC" $$RUNS

seeds:
	@$(start)
	compare_seeds "$$METRIC" $$RUNS

# ---- the report ----------------------------------------------------------------------------------

# Each run is scored with its own knobs.
report:
	@$(start)
	runs=($${RUNS:-$$RUN}) page=$$REPORT
	for run in "$${runs[@]}"; do
	    [ ! -d "$$run/0000" ] || { start "$$run"; check_data; record; score_run; }
	done
	made=$$(dirname "$$page")/.report.$$$$.tmp
	rm -f "$$made"
	ir-score report -o "$$made" -- "$${runs[@]}" || { rm -f "$$made"; exit 1; }
	mv -fT "$$made" "$$page"
	echo "$$page"

watch:
	@$(start)
	watch "$$ROUNDS"

# ---- the rest ------------------------------------------------------------------------------------

# Frames and masks as every program reads them, and nothing else.
data:
	@$(start)
	find_cache "$$DATA"
	begin "$$cache/data" lock
	for set in train test; do frame_names "$$set" > "$$tmp/$$set"; done
	cached "$$tmp/train" "$$tmp/test"
	rm -r "$$tmp"

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' "$$HERE/hrl.mk"

.PHONY: train robustness show compare seeds report watch data help
# A round that was deleted, with later ones there, is not made again.
.SECONDARY: $(ROUND)
