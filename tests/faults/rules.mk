# Faults: what tests/faults/run needs that is compiled. A library that makes malloc() fail.

NOMEM = $(BIN)/nomem.so

$(NOMEM): tests/faults/nomem.c mk/config.mk
	@mkdir -p $(@D)
	$(call say,LD) $(CC) -std=c17 -D_GNU_SOURCE -O2 $(WARN) -shared -fPIC -o $@ $<
