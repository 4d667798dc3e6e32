/* Names the option that getopt_long() stumbled over; its own message would be in other words and
 * carry the whole path of the program. */
#include "base/option.h"

#include <getopt.h>
#include <limits.h>
#include <string.h>

#include "base/base.h"

void ir_option_die(int result, char *const *argv)
{
    const char *last = argv[optind - 1]; /* the option, unless it stands in a cluster: -xq */
    const char letter[] = {'-', (char)optopt, '\0'};
    const bool is_long = strncmp(last, "--", 2) == 0;

    if (result == ':')
        ir_usage_die("option %s needs a value", is_long ? last : letter);
    if (optopt > UCHAR_MAX || (optopt != 0 && is_long && strchr(last, '=')))
        ir_usage_die("option %s takes no value", last);
    ir_usage_die("unknown option %s", optopt == 0 ? last : letter);
}
