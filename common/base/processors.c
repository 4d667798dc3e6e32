/* How many processors this process may use: the default of -j.
 *
 * Its affinity, which cpusets and taskset(1) shape, says which processors; a control group's quota,
 * which containers are given, says for how much of the time. A thread more than that would wait in
 * every period until the next one begins. */
#include "base/processors.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* Processors of the affinity mask, which a large machine's kernel wants more capacity for. */
static int affine_processors(void)
{
    enum { MOST = 1 << 20 };
    int count = 1;

    for (int capacity = CPU_SETSIZE; capacity <= MOST; capacity *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)capacity);
        const size_t bytes = CPU_ALLOC_SIZE((size_t)capacity);
        const bool fits = set && sched_getaffinity(0, bytes, set) == 0;
        const bool larger = !fits && errno == EINVAL;

        if (fits)
            count = CPU_COUNT_S(bytes, set);
        CPU_FREE(set);
        if (!larger)
            break;
    }
    return count > 0 ? count : 1;
}

/* The first line of directory/name; false where there is none. */
static bool read_line(const char *directory, const char *name, char *line, int capacity)
{
    char *path = ir_format("%s/%s", directory, name);
    FILE *file = fopen(path, "re");
    bool found = file && fgets(line, capacity, file);
    if (file)
        fclose(file);
    free(path);
    return found;
}

/* Processors that a group's quota comes to; infinity without one. */
static double quota_of(const char *directory)
{
    char line[128], period[64];
    double used = 0, of = 0;
    if (read_line(directory, "cpu.max", line, sizeof line)) { /* version 2; "max 100000": none */
        if (sscanf(line, "%lf %lf", &used, &of) != 2)
            return INFINITY;
    } else if (read_line(directory, "cpu.cfs_quota_us", line, sizeof line) && /* version 1; -1 */
               read_line(directory, "cpu.cfs_period_us", period, sizeof period)) {
        used = strtod(line, NULL);
        of = strtod(period, NULL);
    }
    return used > 0 && of > 0 ? used / of : INFINITY;
}

/* The smallest quota of a group and of the groups that contain it, up to the root of its hierarchy.
 * A container may see another path here than in the hierarchy; then the root is its own group. */
static double smallest_quota(const char *hierarchy, const char *group)
{
    char *path = ir_format("%s%s", hierarchy, group);
    const size_t root = strlen(hierarchy);
    double least = INFINITY;
    for (;;) {
        char *slash;

        least = fmin(least, quota_of(path));
        slash = strrchr(path, '/');
        if (!slash || (size_t)(slash - path) < root)
            break;
        *slash = '\0';
    }
    free(path);
    return least;
}

/* Whether a list of controllers, "cpu,cpuacct", holds cpu. */
static bool has_cpu(const char *list)
{
    for (; list; list = strchr(list, ',') ? strchr(list, ',') + 1 : NULL)
        if (strncmp(list, "cpu", 3) == 0 && strchr(",", list[3]))
            return true;
    return false;
}

double ir_processor_quota(const char *groups, const char *root)
{
    FILE *file = fopen(groups, "re");
    double least = INFINITY;
    char *line = NULL;
    size_t capacity = 0;
    while (file && getline(&line, &capacity, file) > 0) { /* ID:CONTROLLERS:PATH */
        char *list = strchr(line, ':'), *group = list ? strchr(list + 1, ':') : NULL;
        char *hierarchy = NULL;

        if (!group)
            continue;
        *list++ = *group++ = '\0';
        group[strcspn(group, "\n")] = '\0';
        if (*list == '\0')
            hierarchy = ir_strdup(root);
        else if (has_cpu(list))
            hierarchy = ir_format("%s/cpu", root);
        if (hierarchy)
            least = fmin(least, smallest_quota(hierarchy, group));
        free(hierarchy);
    }
    if (file)
        fclose(file);
    free(line);
    return least;
}

int ir_default_threads(void)
{
    const int processors = affine_processors();
    const double quota = ceil(ir_processor_quota("/proc/self/cgroup", "/sys/fs/cgroup"));
    return quota < processors ? (int)fmax(quota, 1) : processors;
}
