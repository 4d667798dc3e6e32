/* ir-train export: a trained detector as a model to give away. */
#ifndef IR_TRAIN_EXPORT_H
#define IR_TRAIN_EXPORT_H

/* The command with its own options; argv[0] is "export". */
void export_command(int argc, char **argv, const char *usage);

#endif
