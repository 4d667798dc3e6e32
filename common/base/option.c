/* getopt_long() with the answers that all programs give alike. */
#include "base/option.h"

#include <limits.h>
#include <string.h>

#include "base/base.h"

/* Names the option that getopt_long() stumbled over, for which it returned result, '?' or ':'; its
 * own message would be in other words and carry the whole path of the program. */
_Noreturn static void die_at_option(int result, char *const *argv)
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

int ir_option(int argc, char **argv, const char *letters, const struct option *names,
              const char *usage)
{
    int option;
    opterr = 0;
    option = getopt_long(argc, argv, letters, names, NULL);
    switch (option) {
    case 'h':
        ir_print_help(usage);
    case 'V':
        ir_print_version();
    case '?':
    case ':':
        die_at_option(option, argv);
    default:
        return option;
    }
}
