/* Counts how often each name has come in a stream. */
#ifndef IR_NAME_COUNTER_H
#define IR_NAME_COUNTER_H

#include <stdint.h>

typedef struct ir_name_counter ir_name_counter;

ir_name_counter *ir_name_counter_new(void);
/* How often this name came before: 0, 1, 2, ... */
uint64_t ir_count_name(ir_name_counter *counter, const char *name);
void ir_name_counter_free(ir_name_counter *counter);

#endif
