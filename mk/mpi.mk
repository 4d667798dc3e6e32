# The MPI plug-in, libir-mpi.so, by which several processes train one network (irtools-mpi(7)): part of
# all where an MPI's compiler is found.
#
#   make mpi          build/bin/libir-mpi.so
#   make mpi MPICC=mpicc.mpich    with another MPI; MPICC= leaves it out of all

MPI_SRC    = common/comm/mpi/mpi.c
MPI_PLUGIN = $(BIN)/libir-mpi.so

mpi: $(MPI_PLUGIN)
ifneq ($(MPI_FOUND),)
all: mpi
install: install-mpi
endif

# MPI's headers may warn as they like; its compiler is the one that its wrapper knows.
$(MPI_PLUGIN): $(MPI_SRC) common/comm/comm.h common/comm/plugin.h common/base/base.h mk/config.mk mk/mpi.mk
	@mkdir -p $(@D)
	$(call say,MPICC) $(MPICC) -std=c17 -D_GNU_SOURCE $(OPT) $(WARN) $(INCLUDES) $(CFLAGS) -fPIC -shared \
	    -o $@ $< $(LDFLAGS)

install-mpi: mpi
	install -d $(DESTDIR)$(PLUGINDIR)
	install -m 755 $(MPI_PLUGIN) $(DESTDIR)$(PLUGINDIR)

uninstall-mpi:
	rm -f $(DESTDIR)$(PLUGINDIR)/$(notdir $(MPI_PLUGIN))
	[ ! -d $(DESTDIR)$(PLUGINDIR) ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(PLUGINDIR)
uninstall: uninstall-mpi

.PHONY: mpi install-mpi uninstall-mpi
