# mk/demo.mk: the whole job in a few minutes. Trains ACM twice on generated scenes, from the same start
# and for as many epochs: without corruptions, and against the strategy network. Then scores both
# under all corruptions and writes a report. A stopped demo goes on; a finished one prints its tables
# again.
#
#   make demo                       builds, then runs this
#   make demo SEED=2                with other first weights, crops and choices; in a directory of its own
#   make -f mk/demo.mk demo-clean   forgets it

BUILD ?= build
DEMO   = $(BUILD)/demo$(if $(filter-out 1,$(SEED)),-$(SEED))
SEED   = 1
HRL   := $(MAKE) --no-print-directory -f $(dir $(abspath $(lastword $(MAKEFILE_LIST))))../hrl.mk
ROUNDS = 8
LAST   = $(shell printf %04d $(ROUNDS))
SHAPE  = DATA=$(DEMO)/scenes EPOCHS=10 BATCH=4 CROP=128 POLICY_LR=1e-3 ENTROPY=0 KEEP=1 LOSS=soft-iou+bce \
         EMA=0.99 LR_SCHEDULE=cosine SEED=$(SEED) INIT=$(DEMO)/start/0000/detector.tar

demo-run: $(DEMO)/none/robustness.tsv $(DEMO)/hrl/robustness.tsv
	@echo
	@echo "Robustness of none (trained on clean scenes), then of hrl (against the strategy network):"
	@echo "IoU, Pd and RCE in percent, Fa in pixels per million."
	@for run in none hrl; do echo; $(HRL) show RUN=$(DEMO)/$$run; done
	@echo
	@echo "IoU of both, and the gain with half its 95 % interval (over the test frames):"
	@echo
	@cd $(DEMO) && $(HRL) compare RUNS="none hrl"
	@cd $(DEMO) && $(HRL) report RUNS="none hrl" REPORT=report.html > /dev/null
	@echo
	@echo "The report, for a browser: $(DEMO)/report.html"

$(DEMO)/scenes:
	@echo "128 scenes of 128x128 pixels, 64 of them for testing: $@"
	@mkdir -p $(DEMO)
	@rm -rf $@.part
	@ir-scenes -n 128 -t 64 -s 128x128 -r 1 -o $@.part
	@mv $@.part $@

$(DEMO)/start/0000: | $(DEMO)/scenes
	@$(HRL) RUN=$(DEMO)/start STRATEGY=none SEED=$(SEED) DATA=$(DEMO)/scenes ROUNDS=0

$(DEMO)/none/$(LAST) $(DEMO)/hrl/$(LAST): $(DEMO)/%/$(LAST): | $(DEMO)/start/0000
	@echo "Training $*: $(ROUNDS) rounds of 10 epochs"
	@$(HRL) RUN=$(DEMO)/$* STRATEGY=$* ROUNDS=$(ROUNDS) $(SHAPE)

$(DEMO)/none/robustness.tsv $(DEMO)/hrl/robustness.tsv: %/robustness.tsv: | %/$(LAST)
	@echo "Scoring $(notdir $*) under every corruption and severity"
	@$(HRL) robustness RUN=$* FAMILIES="noise blur isp" > /dev/null

demo-clean:
	rm -rf $(DEMO)

.PHONY: demo-run demo-clean
