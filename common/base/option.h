/* The options of a command line, one by one, by getopt_long(). */
#ifndef IR_OPTION_H
#define IR_OPTION_H

#include <getopt.h>

/* What every program's table of long options ends with. */
#define IR_LAST_OPTIONS                                                                            \
    {"help", no_argument, 0, 'h'}, {"version", no_argument, 0, 'V'},                               \
    {                                                                                              \
        0                                                                                          \
    }

/* The next option, its value in optarg; -1 after the last. letters and names are those of
 * getopt_long(); letters begin with ':'. Answers -h (with usage) and -V itself; ends with
 * ir_usage_die() at an option that is unknown, lacks its value or has one too many. */
int ir_option(int argc, char **argv, const char *letters, const struct option *names,
              const char *usage);

#endif
