/* Adam (Kingma and Ba 2015, algorithm 1), plain gradient descent, an average. */
#include <math.h>

#include "reference.h"

void ref_adam(size_t n, double *x, const double *g, double *m, double *v, double lr, double beta1,
              double beta2, double eps, long step)
{
    for (size_t i = 0; i < n; i++) {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i];
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
        double m_hat = m[i] / (1 - pow(beta1, (double)step));
        double v_hat = v[i] / (1 - pow(beta2, (double)step));
        x[i] -= lr * m_hat / (sqrt(v_hat) + eps);
    }
}

void ref_sgd(size_t n, double *x, const double *g, double lr)
{
    for (size_t i = 0; i < n; i++)
        x[i] -= lr * g[i];
}

void ref_average(size_t n, double *a, const double *x, double weight)
{
    for (size_t i = 0; i < n; i++)
        a[i] = (1 - weight) * a[i] + weight * x[i];
}
