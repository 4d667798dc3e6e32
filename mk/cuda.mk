# The CUDA plug-in, libir-cuda.so: for a GPU (make cuda; part of all where nvcc and cuDNN are found),
# and for the emulated device of the tests. What is carried to a machine with a GPU, and run there.
#
#   make cuda         build/bin/libir-cuda.so; CUDA_ARCH="87 90" for these kinds of GPU, CUDA_ARCH=all for every
#   make bundle       build/bundle and build/bundle.tar.xz: programs, libraries, tests
#   make check-gpu    everything that needs a GPU, tested on it (tests/gpu/check)
#   make bench-gpu    times beside PyTorch's on the same GPU (tests/gpu/bench)

CUDA_DIR  = common/backend/cuda
CUDA_SRC  = $(wildcard $(CUDA_DIR)/*.cu)
CUDA_KERNELS = $(wildcard $(CUDA_DIR)/kernels/*.cu)
STORAGES  = float bf16

# ---- which GPUs ----------------------------------------------------------------------------------

# Code for each kind of GPU takes as long to make as for the first. So it is made for those that are here;
# where none is, for all of them as PTX, of which the driver makes code when it is loaded. What is carried
# elsewhere (make bundle, packages) has code for every kind that nvcc knows, and PTX for later ones.
# A GPU runs the code of its generation: an RTX 30 (86) that of an A100 (80).
CUDA_ARCH   =
CUDA_LEAST  = 80
CUDA_EVERY  = $(CUDA_LEAST) 87 89 90 100 120
CUDA_KNOWN := $(if $(CUDA_FOUND),$(patsubst sm_%,%,$(shell $(NVCC) --list-gpu-code)))
CUDA_HERE  := $(if $(CUDA_FOUND),$(shell nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2> /dev/null | \
                  sort -u | tr -d .))
CUDA_WANTED = $(strip $(if $(filter bundle,$(MAKECMDGOALS))$(filter all,$(CUDA_ARCH)),\
              $(filter $(CUDA_EVERY),$(CUDA_KNOWN)),$(or $(CUDA_ARCH),$(filter $(CUDA_HERE),$(CUDA_KNOWN)))))
CUDA_PTX    = $(firstword $(filter 90,$(CUDA_WANTED)) $(CUDA_WANTED) $(CUDA_LEAST))
CUDA_CODE   = $(strip $(foreach a,$(CUDA_WANTED),-gencode arch=compute_$(a),code=sm_$(a)) \
              -gencode arch=compute_$(CUDA_PTX),code=compute_$(CUDA_PTX))

# What the code was made for: other kinds of GPU make it anew.
CUDA_MADE = $(BUILD)/cuda/made-for
ifneq ($(CUDA_CODE),$(file < $(CUDA_MADE)))
$(CUDA_MADE): FORCE
endif
$(CUDA_MADE):
	@mkdir -p $(@D)
	@echo '$(CUDA_CODE)' > $@

# ---- for a GPU -----------------------------------------------------------------------------------

NVCC_FLAGS = -std=c++17 -O3 --extended-lambda $(CUDA_CODE) -Werror all-warnings \
             -Xcompiler "-fPIC -Wall -Wextra -Werror" $(INCLUDES)
CUDA_OBJ = $(CUDA_SRC:%.cu=$(BUILD)/%.o) \
           $(foreach s,$(STORAGES),$(CUDA_KERNELS:$(CUDA_DIR)/kernels/%.cu=$(BUILD)/cuda/$(s)/%.o))
CUDA_PLUGIN = $(BIN)/libir-cuda.so

cuda: $(CUDA_PLUGIN)
ifneq ($(CUDA_FOUND),)
all: cuda
install: install-cuda
endif

install-cuda: cuda
	install -d $(DESTDIR)$(PLUGINDIR)
	install -m 755 $(CUDA_PLUGIN) $(DESTDIR)$(PLUGINDIR)

uninstall-cuda:
	rm -f $(DESTDIR)$(PLUGINDIR)/$(notdir $(CUDA_PLUGIN))
	[ ! -d $(DESTDIR)$(PLUGINDIR) ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(PLUGINDIR)
uninstall: uninstall-cuda

$(CUDA_PLUGIN): $(CUDA_OBJ)
	@mkdir -p $(@D)
	$(call say,LD) $(NVCC) -shared -o $@ $^ -lcudnn -lcufft -Xlinker -rpath='$$ORIGIN'

$(BUILD)/$(CUDA_DIR)/%.o: $(CUDA_DIR)/%.cu $(CUDA_MADE) mk/config.mk Makefile mk/cuda.mk
	@mkdir -p $(@D)
	$(call say,NVCC) $(NVCC) $(NVCC_FLAGS) -MMD -MP -c -o $@ $<

define cuda_kernels
$$(BUILD)/cuda/$(1)/%.o: $$(CUDA_DIR)/kernels/%.cu $$(CUDA_MADE) mk/config.mk Makefile mk/cuda.mk
	@mkdir -p $$(@D)
	$$(call say,NVCC) $$(NVCC) $$(NVCC_FLAGS) -DIR_STORAGE=$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach s,$(STORAGES),$(eval $(call cuda_kernels,$(s))))

# ---- for the emulated device ---------------------------------------------------------------------

EMULATED     = $(BUILD)/emulated
EMULATED_OBJ = $(CUDA_SRC:%.cu=$(EMULATED)/%.o) \
               $(foreach s,$(STORAGES),$(CUDA_KERNELS:$(CUDA_DIR)/kernels/%.cu=$(EMULATED)/$(s)/%.o))
EMULATED_PLUGIN = $(EMULATED)/libir-cuda.so

$(EMULATED_PLUGIN): $(EMULATED_OBJ) $(CUDA_EMULATED_LIB)
	$(call say,LD) $(CXX) -shared -o $@ $^ $(ALL_LDFLAGS) $(CUDA_EMULATED_LIBS)

$(EMULATED)/%.o: %.cu mk/config.mk Makefile mk/cuda.mk
	@mkdir -p $(@D)
	$(call say,CXX) $(CXX) $(CUDA_EMULATED_CXXFLAGS) -MMD -MP -c -o $@ $<

define emulated_kernels
$$(EMULATED)/$(1)/%.o: $$(CUDA_DIR)/kernels/%.cu mk/config.mk Makefile mk/cuda.mk
	@mkdir -p $$(@D)
	$$(call say,CXX) $$(CXX) $$(CUDA_EMULATED_CXXFLAGS) -DIR_STORAGE=$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach s,$(STORAGES),$(eval $(call emulated_kernels,$(s))))

# ---- on a machine with a GPU ---------------------------------------------------------------------

# What a machine with a GPU and nothing installed needs to run the programs and their tests:
# PLUGIN=FILE carries another plug-in, such as the emulated device's.
BUNDLE        = $(BUILD)/bundle
BUNDLE_TESTS  = $(addprefix $(BIN)/,test-ops test-detector test-crop bench-detector)
PLUGIN        = $(CUDA_PLUGIN)

bundle-deps:
	$(call install_packages,$(BUNDLE_PACKAGES))
$(BUNDLE): bundle-deps $(PROGRAMS:%=$(BIN)/%) $(BIN)/ir-scenes $(BUNDLE_TESTS) $(PLUGIN)
	@tests/gpu/bundle $@ $(PLUGIN) $(filter $(BIN)/ir-% $(BIN)/test-% $(BIN)/bench-%,$^)
bundle: $(BUNDLE)
	@tar -C $(BUNDLE)/.. -c bundle | xz -T0 -6 > $(BUNDLE).tar.xz
	@du -hs --apparent-size $(BUNDLE) $(BUNDLE).tar.xz

check-gpu: all $(BUNDLE_TESTS)
	@IR_BIN="$(CURDIR)/$(BIN)" tests/gpu/check
bench-gpu: all $(BUNDLE_TESTS)
	@IR_BIN="$(CURDIR)/$(BIN)" tests/gpu/bench

.PHONY: cuda install-cuda uninstall-cuda bundle-deps bundle $(BUNDLE) check-gpu bench-gpu

-include $(CUDA_OBJ:.o=.d) $(EMULATED_OBJ:.o=.d)
