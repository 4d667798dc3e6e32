/* The message for what getopt_long() could not make sense of. */
#ifndef IR_OPTION_H
#define IR_OPTION_H

/* For a loop that set opterr = 0 and whose option string starts with ':'. result: what
 * getopt_long() returned, '?' or ':'. Ends as ir_usage_die(), naming the option. */
_Noreturn void ir_option_die(int result, char *const *argv);

#endif
