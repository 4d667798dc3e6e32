/* Arguments of the command line as checked numbers and choices. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* strtol() and its kin skip leading space and accept an empty string; arguments may have neither.
 */
static bool starts_number(const char *text)
{
    return *text && !isspace((unsigned char)*text);
}

long ir_number(const char *text, long min, long max, const char *what)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (!starts_number(text) || *end || errno || value < min || value > max)
        ir_usage_die("%s: '%s' is not a whole number from %ld to %ld", what, text, min, max);
    return value;
}

double ir_real(const char *text, double min, double max, const char *what)
{
    char *end;
    double value = strtod(text, &end);
    if (!starts_number(text) || *end || !isfinite(value) || value < min || value > max)
        ir_usage_die("%s: '%s' is not a number from %g to %g", what, text, min, max);
    return value;
}

uint64_t ir_seed(const char *text)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || errno)
        ir_usage_die("seed: '%s' is not a whole number from 0 to 2^64 - 1", text);
    return value;
}

int ir_threads(const char *text)
{
    return (int)ir_number(text, 1, 1024, "-j");
}

int ir_maxval(const char *text)
{
    return (int)ir_number(text, 1, 65535, "--maxval");
}

int ir_choice(const char *text, const char *const *names, int n, const char *what)
{
    for (int i = 0; i < n; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    char *list = ir_strdup("");
    for (int i = 0; i < n; i++) {
        char *longer = ir_format("%s%s%s", list, i ? ", " : "", names[i]);
        free(list);
        list = longer;
    }
    ir_usage_die("%s: '%s' is none of %s", what, text, list);
}
