# The CUDA plug-in, libir-cuda.so: for a GPU (make cuda, where nvcc is found), and for the emulated
# device of the tests.

NVCC     ?= nvcc
CUDA_DIR  = common/backend/cuda
CUDA_SRC  = $(wildcard $(CUDA_DIR)/*.cu)
CUDA_KERNELS = $(wildcard $(CUDA_DIR)/kernels/*.cu)
STORAGES  = float bf16
CUDA_ARCH = -gencode arch=compute_80,code=sm_80 \
            -gencode arch=compute_90,code=sm_90 -gencode arch=compute_90,code=compute_90

# ---- for a GPU -----------------------------------------------------------------------------------

NVCC_FLAGS = -std=c++17 -O3 --extended-lambda $(CUDA_ARCH) -Werror all-warnings \
             -Xcompiler "-fPIC -Wall -Wextra -Werror" $(INCLUDES)
CUDA_OBJ = $(CUDA_SRC:%.cu=$(BUILD)/%.o) \
           $(foreach s,$(STORAGES),$(CUDA_KERNELS:$(CUDA_DIR)/kernels/%.cu=$(BUILD)/cuda/$(s)/%.o))
CUDA_PLUGIN = $(BIN)/libir-cuda.so

$(CUDA_PLUGIN): $(CUDA_OBJ)
	@mkdir -p $(@D)
	$(call say,LD) $(NVCC) -shared -o $@ $^ -lcudnn -lcufft -Xlinker -rpath='$$ORIGIN'

$(BUILD)/$(CUDA_DIR)/%.o: $(CUDA_DIR)/%.cu config.mk Makefile cuda.mk
	@mkdir -p $(@D)
	$(call say,NVCC) $(NVCC) $(NVCC_FLAGS) -MMD -MP -c -o $@ $<

define cuda_kernels
$$(BUILD)/cuda/$(1)/%.o: $$(CUDA_DIR)/kernels/%.cu config.mk Makefile cuda.mk
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

$(EMULATED)/%.o: %.cu config.mk Makefile cuda.mk
	@mkdir -p $(@D)
	$(call say,CXX) $(CXX) $(CUDA_EMULATED_CXXFLAGS) -MMD -MP -c -o $@ $<

define emulated_kernels
$$(EMULATED)/$(1)/%.o: $$(CUDA_DIR)/kernels/%.cu config.mk Makefile cuda.mk
	@mkdir -p $$(@D)
	$$(call say,CXX) $$(CXX) $$(CUDA_EMULATED_CXXFLAGS) -DIR_STORAGE=$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach s,$(STORAGES),$(eval $(call emulated_kernels,$(s))))

-include $(CUDA_OBJ:.o=.d) $(EMULATED_OBJ:.o=.d)
