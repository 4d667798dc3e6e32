/* Numbers of twice the digits of a double: x + rest, in which rest has the digits that x has no
 * place for (Dekker 1971; two-sum of Knuth). For sums whose order must not matter once they are
 * rounded to a double: each operation is wrong by 1e-31 of the largest number so far. */
#ifndef IR_PAIR_H
#define IR_PAIR_H

typedef struct {
    double x, rest;
} ir_pair;

ir_pair ir_pair_sum(ir_pair a, ir_pair b);
ir_pair ir_pair_product(double a, double b); /* exact */
ir_pair ir_pair_times(ir_pair a, double b);
double ir_pair_over(ir_pair a, double b); /* a / b, rounded once */

#endif
