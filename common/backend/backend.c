/* Opening a backend by name; the CUDA one is a plug-in, so that programs run where there is none.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "backend/cuda/plugin.h"
#include "backend/options.h"
#include "base/base.h"
#include "base/plugin.h"

/* Without a driver there is no GPU, and loading CUDA's libraries to find that out is slow. A
 * plug-in from $IRTOOLS_PLUGINS may be for another kind of device. */
static bool may_have_gpu(void)
{
    if (getenv("IRTOOLS_PLUGINS"))
        return true;
    void *driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (driver)
        dlclose(driver);
    return driver;
}

/* The number in "cuda:N"; 0 for "cuda"; -1 for something else. */
static int cuda_number(const char *device)
{
    char *end;
    if (strcmp(device, "cuda") == 0)
        return 0;
    if (strncmp(device, "cuda:", 5) != 0 || device[5] < '0' || device[5] > '9')
        return -1;
    const long number = strtol(device + 5, &end, 10);
    return *end || number > 1023 ? -1 : (int)number;
}

/* A plug-in that was built for another interface would misread its calls. This is an error even for
 * "auto": a user who paid for a GPU should hear that it is not used. */
static void check_interface(void *library)
{
    const uint64_t *built = dlsym(library, IR_CUDA_BUILT);
    if (!built || *built != IR_INTERFACE)
        ir_die("%s is of another version than this program: install both again, or choose -d cpu",
               IR_CUDA_PLUGIN);
}

/* NULL, and why. */
static ir_backend *open_cuda(const ir_backend_options *options, int number, char **why)
{
    const char *reason = NULL;
    ir_cuda_open *open_device;
    void *library = ir_plugin_open(IR_CUDA_PLUGIN, why);
    if (!library) {
        if (!*why)
            *why = ir_strdup("there is no " IR_CUDA_PLUGIN " beside the program");
        return NULL;
    }
    check_interface(library);
    *(void **)&open_device = dlsym(library, IR_CUDA_OPEN);
    if (!open_device) {
        *why = ir_strdup(dlerror());
        return NULL;
    }
    ir_backend_options own = *options;
    if (own.precision == IR_AUTO)
        own.precision = IR_TF32;
    ir_backend *b = open_device(&own, number, &reason);
    if (!b)
        *why = ir_strdup(reason);
    /* cppcheck-suppress returnDanglingLifetime ; the plug-in keeps no pointer to reason */
    return b;
}

static ir_backend *open_cpu(const ir_backend_options *options)
{
    ir_backend *b = ir_cpu_backend_open(options, NULL);
    if (!b)
        ir_die("this processor cannot run the CPU backend");
    return b;
}

ir_backend *ir_backend_open_as(ir_backend_options o)
{
    const char *device = o.device;
    const bool any = strcmp(device, "auto") == 0;
    char *why = NULL;
    if (strcmp(device, "cpu") == 0)
        return open_cpu(&o);
    const int number = any ? 0 : cuda_number(device);
    if (number < 0)
        ir_usage_die("device %s is none of auto, cpu, cuda, cuda:N", device);
    if (o.comm && !any)
        ir_usage_die("-d %s: several processes train on processors alone so far", device);
    ir_backend *b = any && (o.comm || !may_have_gpu()) ? NULL : open_cuda(&o, number, &why);
    if (!b && !any)
        ir_die("device %s: %s", device, why);
    free(why);
    return b ? b : open_cpu(&o);
}

ir_backend *ir_backend_open(const char *device, int threads)
{
    ir_backend_options o = ir_backend_defaults(IR_TF32);
    o.device = device;
    o.threads = threads;
    return ir_backend_open_as(o);
}

void ir_backend_close(ir_backend *b)
{
    if (b)
        b->close(b);
}
