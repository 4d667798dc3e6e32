/* Whether the memory suffices for a method's matrices. A system that overcommits memory would end
 * the program later, without a word. */
#include <unistd.h>

#include "base/base.h"
#include "method.h"
#include "patches.h"

/* The singular values of a matrix are found by LAPACK, which counts rows x rows in an int. */
enum { MOST_ROWS = 46000, SQUARES = 4 };

/* Of the image's size, in doubles: it, PSTNN's prior, and what that is made of. */
enum { PLANES = 6 };

static double memory_of_machine(void)
{
    return (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
}

void check_memory(const ir_image *im, const method *m, const double *parameter)
{
    const double gib = 1 << 30, there = memory_of_machine();
    if (m->matrices == 0)
        return;
    const patch_grid g = patches_of(im, (int)parameter[PATCH], (int)parameter[STEP]);
    const double rows = g.rows, pixels = (double)im->width * im->height;
    const double bytes =
        8 * (m->matrices * rows * g.columns + SQUARES * rows * rows + PLANES * pixels);
    if (bytes > there)
        ir_die("%s: %s needs %.0f GiB for %dx%d pixels, and this machine has %.0f (a larger --step "
               "takes less)",
               im->name, m->name, bytes / gib, im->width, im->height, there / gib);
    if (g.rows > MOST_ROWS)
        ir_die("%s: %s makes a matrix of %d rows, more than %d (a smaller --patch or a larger "
               "--step makes fewer)",
               im->name, m->name, g.rows, MOST_ROWS);
}
