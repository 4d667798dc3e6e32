# tables.mk: the tables of the paper, its figures beside those of runs of hrl.mk.
#
#   make -f tables.mk NUAA=dir NUDT=dir IRSTD=dir    play what is missing, print Tables 1 to 7
#   make -n -f tables.mk NUAA=dir ...                what is left, in hours
#   make -f tables.mk print                          the tables of what there is
#   make -f tables.mk across NUAA=dir ...            trained on one set, tested on the others
#
# A run is the directory RUNS/NET-SET-STRATEGY-SEED, such as tables/acm-nuaa-hrl-1; it may also have
# been made by hand, by hrl.mk. A stopped make goes on where it was; after a failure, make -k plays the
# other runs. The tables are RUNS/table1.tsv and so on, and all on one page, RUNS/tables.html.
#
#   NUAA= NUDT= IRSTD=  the data sets' directories, as DATA of hrl.mk; cells of others are left out
#   RUNS=tables         where the runs are
#   CELLS=cells.tsv     which cells to play: lists, or names of those beside hrl.mk (hrl/cells.tsv,
#                       hrl/cells-gpu.tsv)
#   ACROSS=acm          across: the networks
#   FAMILIES=noise blur isp
#                       the groups of corruptions that a run is tested under
#   THREADS= DEVICE=    as of hrl.mk
#   KEEP=2              the rounds whose checkpoints are kept

HERE := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
include $(HERE)/hrl/shell.mk

NUAA     =
NUDT     =
IRSTD    =
RUNS     = tables
CELLS    = cells.tsv
ACROSS   = acm
FAMILIES = noise blur isp
THREADS  =
DEVICE   =
KEEP     = 2
KNOBS   := NUAA NUDT IRSTD RUNS CELLS ACROSS FAMILIES THREADS DEVICE KEEP
$(call as_it_is,$(call given,$(KNOBS)))
export $(KNOBS)

$(if $(word 2,$(MAKECMDGOALS)),$(error one goal at a time: $(MAKECMDGOALS)))
GOAL := $(firstword $(MAKECMDGOALS) tables)
# make itself needs to know the runs; hrl/cells.sh checks all the rest.
ask    = $(shell export $(foreach v,$(KNOBS),$(call quoted,$v=$(value $v))) LC_ALL=C \
             HERE=$(call quoted,$(HERE)) PATH=$(call quoted,$(PATH)); \
             . $(call quoted,$(HERE)/hrl/cells.sh); $1 2>&1)
ifneq ($(filter-out help,$(GOAL)),)
CHECKED := $(call ask,check_tables $(call quoted,$(GOAL)))
$(if $(filter ok,$(firstword $(CHECKED))),,$(error $(subst tables.mk: ,,$(CHECKED))))
endif
PLAYS := $(addprefix play-,$(wordlist 2,$(words $(CHECKED)),$(CHECKED)))

# What every recipe starts with: the functions of hrl/, and the list.
start = . "$$HERE/hrl/cells.sh"; begin_tables

ifeq ($(findstring n,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),)

tables: $(PLAYS)
	@$(start)
	say_absent tables >&2
	print_tables

across: $(PLAYS)
	@$(start)
	say_absent across >&2
	print_across

$(PLAYS): play-%:
	@$(start)
	play "$*" $(filter across,$(GOAL))

else # make -n: nothing is played, and what would be is said

define newline


endef
$(info $(subst !,$(newline),$(call ask,begin_tables; left $(GOAL) | sed '$$!s|$$|!|' | tr -d '\n')))
MAKEFLAGS += --silent
tables across:

endif

print:
	@$(start)
	print_tables

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' "$$HERE/tables.mk"

.PHONY: tables across print help $(PLAYS)
