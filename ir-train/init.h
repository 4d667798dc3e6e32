/* ir-train init: a fresh detector. */
#ifndef IR_TRAIN_INIT_H
#define IR_TRAIN_INIT_H

/* The command with its own options; argv[0] is "init". */
void init_command(int argc, char **argv, const char *usage);

#endif
