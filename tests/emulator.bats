#!/usr/bin/env bats
# The emulated CUDA device that the CUDA backend is tested on: tests/cuda.

load helper

holds() { # NAME...: these checks of test-cuda pass
    local name
    for name in "$@"; do
        run --separate-stderr test-cuda "$name"
        [[ $status -eq 0 && -z $stderr ]] || {
            echo "$name: $stderr"
            return 1
        }
    done
}

increment='kernel increment\(float\*, unsigned long\)' # as messages call it

stops() { # NAME PATTERN: test-cuda is stopped by one line that matches
    run --separate-stderr test-cuda "$1"
    one_line_error 134 "^emulated CUDA: $2$"
}

@test "kernels: barriers, shuffles, blocks in any order, arithmetic" {
    holds barriers shuffles blocks arithmetic bfloat16 configurations
}

@test "streams are lazy, and events and the default stream order them" {
    holds laziness events default-stream
}

@test "a captured graph is replayed with its arguments" {
    holds replay
}

@test "what may not happen while capturing is refused and spoils the capture" {
    holds capture-refuses
}

@test "device memory is aligned, counted and full of NaN" {
    holds memory
}

@test "cuDNN's convolutions agree with naive loops in every type, layout and algorithm" {
    holds convolutions
}

@test "cuFFT's transforms agree with sums over all pairs" {
    holds fft
}

@test "host code that touches device memory is stopped" {
    stops touch 'host code touched device memory at 0x[0-9a-f]+'
}

@test "writes outside of an allocation are found" {
    stops past-the-end \
        'allocation 1, of 400 bytes: written to 2 bytes past its end \(seen at cudaDeviceSynchronize\)'
    stops before-the-begin \
        'allocation 1, of 400 bytes: written to 4 bytes before its begin \(seen when it was freed\)'
    EMULATED_CUDA_CHECK=1 stops past-the-end \
        "allocation 1, .* \(seen after $increment\)"
}

@test "host memory and freed memory may not be given to a kernel" {
    stops host-memory "$increment was given 0x[0-9a-f]+, which is host memory"
    stops captured-host-memory \
        'a kernel of \(.*capture_host_memory\(\)::<lambda.* was given 0x[0-9a-f]+, which is host memory'
    stops freed-memory \
        "$increment was given 0x[0-9a-f]+, which is device memory that is not allocated"
}

@test "each device has its own memory and streams" {
    EMULATED_CUDA_DEVICES=2 stops other-device "$increment was given memory of device 1 on device 0"
}

@test "barriers and shuffles that not all threads reach are found" {
    stops divergent-barrier \
        'kernel divergent_barrier\(\), .*test_stops.cpp:[0-9]+: a barrier that 5 of the block.s 32 threads reach'
    stops divergent-shuffle \
        'kernel divergent_shuffle\(float\*\), .*test_stops.cpp:[0-9]+: a shuffle that not all threads reach .*'
}

@test "the environment says how many devices there are, how large and how old" {
    device() { # WORDS, and settings by env
        run --separate-stderr test-cuda device
        [[ $status -eq 0 && $output == "$1" ]] || {
            echo "'$output' is not '$1'; stderr: $stderr"
            return 1
        }
    }
    device "cudaSuccess 1 new 2147483648 cudaSuccess"
    EMULATED_CUDA_DEVICES=3 device "cudaSuccess 3 new 2147483648 cudaSuccess"
    EMULATED_CUDA_DEVICES=0 device "cudaErrorNoDevice 0 new cudaErrorNoDevice"
    EMULATED_CUDA_MEMORY=1000000 device "cudaSuccess 1 new 1000000 cudaErrorMemoryAllocation"
    EMULATED_CUDA_DRIVER=old device "cudaErrorInsufficientDriver 0 old cudaErrorInsufficientDriver"
}

@test "memory that was not freed can be shown" {
    run --separate-stderr env EMULATED_CUDA_LEAKS=1 test-cuda leak
    [[ $status -eq 0 ]]
    [[ $stderr == "emulated CUDA: 100 bytes of device memory in 1 allocations not freed" ]]
}
