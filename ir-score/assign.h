/* The assignment problem: rows and columns paired so that the sum of costs is least. */
#ifndef IR_SCORE_ASSIGN_H
#define IR_SCORE_ASSIGN_H

/* cost: rows x columns, finite. Pairs as many as the shorter side has; column_of[i] is the column
 * of row i, -1 for none. Time O(n^2 m), n being the shorter side. Among equally cheap pairings it
 * takes the one that scipy.optimize.linear_sum_assignment takes, whose choices it follows. */
void assign_least(const double *cost, int rows, int columns, int *column_of);

#endif
