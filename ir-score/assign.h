/* Pairing the rows of a problem with its columns so that the distances add up to the least. */
#ifndef IR_SCORE_ASSIGN_H
#define IR_SCORE_ASSIGN_H

#include "stream/components.h"

/* column_of: by row the column it is paired with, -1 for none; every row or every column has a
 * partner. The cost of a pair is match_distance_between() its two. Memory is linear in rows +
 * columns; so is time, but for a logarithm, where most rows find a partner near by. */
void assign_least(const ir_component *row, int rows, const ir_component *column, int columns,
                  int *column_of);

#endif
