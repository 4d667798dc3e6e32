# The emulated CUDA device: what compiles CUDA code for it, and what to link with.
#
#   $(CXX) $(CUDA_EMULATED_CXXFLAGS) -c -o NAME.o NAME.cu   objects fit into a shared library
#   $(CXX) ... NAME.o $(CUDA_EMULATED_LIB) $(CUDA_EMULATED_LIBS)

CHECK_PACKAGES += g++

CUDA_EMULATED_CXXFLAGS = -std=c++17 -x c++ $(OPT) -g -fPIC $(WARN) -Wno-unknown-pragmas -pthread \
                         -Itests/cuda/include $(INCLUDES)
CUDA_EMULATED_LIB  = $(BUILD)/cuda/libcuda-emulated.a
CUDA_EMULATED_LIBS = -lfftw3 -ldl

CUDA_EMULATED_OBJ = $(patsubst %.cpp,$(BUILD)/%.o, \
                      $(filter-out tests/cuda/test%,$(wildcard tests/cuda/*.cpp)))
CUDA_EMULATED_TEST_OBJ = $(patsubst %.cpp,$(BUILD)/%.o,$(wildcard tests/cuda/test*.cpp))

$(CUDA_EMULATED_LIB): $(CUDA_EMULATED_OBJ)
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR) ar rcs $@ $^

# -rdynamic: for the names of kernels in messages
$(BIN)/test-cuda: $(CUDA_EMULATED_TEST_OBJ) $(CUDA_EMULATED_LIB)
	@mkdir -p $(@D)
	$(call say,LD) $(CXX) -rdynamic -o $@ $^ $(ALL_LDFLAGS) $(CUDA_EMULATED_LIBS)

$(BUILD)/tests/cuda/%.o: tests/cuda/%.cpp mk/config.mk Makefile tests/cuda/rules.mk
	@mkdir -p $(@D)
	$(call say,CXX) $(CXX) $(CUDA_EMULATED_CXXFLAGS) -MMD -MP -c -o $@ $<

# sums as fast as one processor can
$(BUILD)/tests/cuda/cudnn_convolution.o: CUDA_EMULATED_CXXFLAGS += -O3 -fopenmp-simd

tests: $(BIN)/test-cuda

-include $(CUDA_EMULATED_OBJ:.o=.d) $(CUDA_EMULATED_TEST_OBJ:.o=.d)
