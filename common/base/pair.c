/* A file of its own: its compiler must not make a product and a sum one operation, as it may in the
 * kernels. */
#include "base/pair.h"

#include <math.h>

static ir_pair two_sum(double a, double b)
{
    const double sum = a + b, part = sum - a;
    return (ir_pair){sum, (a - (sum - part)) + (b - part)};
}

ir_pair ir_pair_sum(ir_pair a, ir_pair b)
{
    const ir_pair sum = two_sum(a.x, b.x);
    return two_sum(sum.x, sum.rest + (a.rest + b.rest));
}

ir_pair ir_pair_product(double a, double b)
{
    const double product = a * b;
    return (ir_pair){product, fma(a, b, -product)};
}

ir_pair ir_pair_times(ir_pair a, double b)
{
    ir_pair product = ir_pair_product(a.x, b);
    product.rest += a.rest * b;
    return two_sum(product.x, product.rest);
}

double ir_pair_over(ir_pair a, double b)
{
    const double quotient = a.x / b;
    return quotient + (fma(-quotient, b, a.x) + a.rest) / b;
}
