# What check and bench share: where things are, CUDA's libraries, what is known of the device.
#
#   IR_BIN      the programs; those of the bundle or of build/
#   IR_PYTHON   a Python with PyTorch; the first of python3 and /usr/bin/python3 that has it

# shellcheck shell=bash

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
if [ -d "$root/bin" ]; then # a bundle
    IR_BIN=${IR_BIN:-$root/bin}
    PATH=$PATH:$root/bats/bin:$root/tools
fi
export IR_BIN=${IR_BIN:-$root/build/bin}
export PATH=$IR_BIN:$PATH OMP_WAIT_POLICY=passive LC_ALL=C

if [ -z "${IR_PYTHON:-}" ]; then
    IR_PYTHON=/usr/bin/python3
    for python in python3 /usr/bin/python3; do
        "$python" -c 'import numpy, torch' 2>/dev/null || continue
        IR_PYTHON=$(command -v "$python")
        break
    done
fi
export IR_PYTHON

plugin=${IRTOOLS_PLUGINS:-$IR_BIN}/libir-cuda.so

# find_cuda_libraries: those of them that the loader does not find are taken from where PyTorch's
# packages keep them.
find_cuda_libraries() {
    local directories

    ldd "$plugin" 2>/dev/null | grep -q 'not found' || return 0
    directories=$("$IR_PYTHON" - 2>/dev/null <<'PYTHON'
import glob, os, site, sysconfig
roots = [sysconfig.get_path("purelib"), *site.getsitepackages(), site.getusersitepackages()]
wanted = ["libcudnn.so*", "libcufft.so*", "libnvrtc.so*", "libnvJitLink.so*", "libcublasLt.so*"]
found = {os.path.dirname(path) for root in roots for name in wanted
         for path in glob.glob(f"{root}/nvidia/*/lib/{name}")}
print(":".join(sorted(found)))
PYTHON
    ) || return 0
    export LD_LIBRARY_PATH=$directories${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
}

# describe: lines "KEY: VALUE" on the device and all that the figures depend on.
describe() {
    local gpu

    gpu=$(nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader 2>/dev/null |
        head -n 1)
    echo "date: $(date -u +%Y-%m-%dT%H:%MZ)"
    echo "device: ${gpu:-nvidia-smi says nothing}"
    echo "irtools: $(ir-train -V), $plugin"
    "$IR_PYTHON" - <<'PYTHON' 2>/dev/null || echo "PyTorch: no Python"
import ctypes, platform
def version(library, function, pointer):
    try:
        call, number = getattr(ctypes.CDLL(library), function), ctypes.c_int()
        return call(ctypes.byref(number)) or number.value if pointer else call()
    except (OSError, AttributeError):
        return "not found"
print("cuDNN:", version("libcudnn.so.9", "cudnnGetVersion", False))
print("cuFFT:", version("libcufft.so.12", "cufftGetVersion", True))
try:
    import torch
    print("PyTorch:", torch.__version__, "CUDA", torch.version.cuda, "Python", platform.python_version())
except ImportError:
    print("PyTorch: not found")
PYTHON
    echo "host: $(uname -r), $(nproc --all) processors"
}
