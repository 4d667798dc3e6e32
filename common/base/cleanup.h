/* What die.c needs of cleanup.c. Programs use ir_remove_at_exit() and ir_keep_file() of base.h. */
#ifndef IR_CLEANUP_H
#define IR_CLEANUP_H

/* Installs the handlers: exit(), SIGHUP, SIGINT and SIGTERM remove unfinished files. */
void ir_cleanup_start(void);
/* Removes every file registered and not kept. Async-signal-safe. */
void ir_cleanup(void);

#endif
