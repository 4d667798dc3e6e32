/* ir-policy stats: the mean probability of each strategy over a stream, as a table. */
#include <math.h>
#include <unistd.h>

#include "base/base.h"
#include "base/lines.h"
#include "session.h"

/* A line per corruption, a column per severity, and their sum. Tabs; on a terminal, aligned. */
static void print_table(const double mean[IR_STRATEGIES], const ir_severities *severities)
{
    const int width = isatty(STDOUT_FILENO) ? 15 : 0;
    printf("%-*s", width, "corruption");
    for (int level = 0; level < IR_LEVELS; level++)
        printf("\tseverity %d", severities->level[level]);
    printf("\t%*s\n", width > 0 ? 10 : 0, "sum");
    for (int c = 0; c < IR_CORRUPTIONS; c++) {
        double sum = 0;
        printf("%-*s", width, ir_corruptions[c].name);
        for (int level = 0; level < IR_LEVELS; level++) {
            sum += mean[c * IR_LEVELS + level];
            printf("\t%*.6f", width > 0 ? 10 : 0, mean[c * IR_LEVELS + level]);
        }
        printf("\t%*.6f\n", width > 0 ? 10 : 0, sum);
    }
}

void stats_command(const options *o)
{
    session s = session_open(o);
    double mean[IR_STRATEGIES] = {0};
    long images = 0;
    for (; session_next(&s); images += s.batch->n)
        for (int i = 0; i < s.batch->n * IR_STRATEGIES; i++)
            mean[i % IR_STRATEGIES] += exp(s.batch->logp[i]);
    for (int k = 0; k < IR_STRATEGIES; k++)
        mean[k] /= (double)images;
    ir_lines_on_stdout();
    print_table(mean, policy_severities(s.policy));
    session_close(&s);
}
