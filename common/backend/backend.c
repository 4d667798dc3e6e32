/* Opening a backend by name. */
#include "backend/backend.h"

#include <string.h>

#include "base/base.h"

ir_backend *ir_backend_open(const char *device, int threads)
{
    if (strcmp(device, "auto") == 0 || strcmp(device, "cpu") == 0) {
        ir_backend *b = ir_cpu_backend_open(threads, NULL);
        if (!b)
            ir_die("this processor cannot run the CPU backend");
        return b;
    }
    if (strncmp(device, "cuda", 4) == 0 && (!device[4] || device[4] == ':'))
        ir_die("device %s: this build has no CUDA backend", device);
    ir_usage_die("device %s is none of auto, cpu, cuda, cuda:N", device);
}

void ir_backend_close(ir_backend *b)
{
    if (b)
        b->close(b);
}
