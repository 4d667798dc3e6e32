/* Axes with round numbers, and lines between them. */
#include "plot.h"

#include <math.h>

#include "colour.h"
#include "html.h"

enum { WIDTH = 480, HEIGHT = 300, LEFT = 62, RIGHT = 14, TOP = 12, BOTTOM = 48, TICKS = 5 };

static double place(const scale *s, double value)
{
    double at = s->log ? log(fmax(value, s->low) / s->low) / log(s->high / s->low)
                       : (value - s->low) / (s->high - s->low);
    return at < 0 ? 0 : at > 1 ? 1 : at;
}

double plot_x(const plot *p, double x)
{
    return LEFT + place(&p->x, x) * (WIDTH - LEFT - RIGHT);
}

double plot_y(const plot *p, double y)
{
    return HEIGHT - BOTTOM - place(&p->y, y) * (HEIGHT - TOP - BOTTOM);
}

/* 1, 2 or 5 times a power of ten, about a TICKS-th of the range. */
static double round_step(double range)
{
    double raw = range / TICKS, power = pow(10, floor(log10(raw))), share = raw / power;
    return (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10) * power;
}

scale scale_around(const double *value, size_t n, bool with_zero)
{
    /* larger numbers, or a range that is a smaller share of them, leave double precision no steps
     */
    const double largest = 1e300, narrowest = 1e-9;
    double low = INFINITY, high = -INFINITY, step;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(value[i]))
            continue;
        low = fmin(low, value[i]);
        high = fmax(high, value[i]);
    }
    if (low > high || fmax(fabs(low), fabs(high)) > largest)
        return (scale){0, 1, false, false};
    if (with_zero) {
        low = fmin(low, 0);
        high = fmax(high, 0);
    }
    if (high - low <= fmax(narrowest * fmax(fabs(low), fabs(high)), 1 / largest))
        high = low + fmax(fabs(low), 1);
    step = round_step(high - low);
    return (scale){step * floor(low / step), step * ceil(high / step), false, false};
}

/* On a logarithmic axis powers of ten are written as such. */
static void number(const plot *p, const scale *s, double value)
{
    if (s->log)
        html(p->file, "10<tspan dy=\"-5\" font-size=\"9\">%d</tspan>", (int)lround(log10(value)));
    else
        html(p->file, "%.6g", value);
    fputs("</text>\n", p->file);
}

static void tick_x(const plot *p, double value)
{
    double x = plot_x(p, value);
    html(p->file, "<path class=\"grid\" d=\"M%.1f %dV%d\"/>", x, TOP, HEIGHT - BOTTOM);
    html(p->file, "<text class=\"tick\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">", x,
         HEIGHT - BOTTOM + 17);
    number(p, &p->x, value);
}

static void tick_y(const plot *p, double value)
{
    double y = plot_y(p, value);
    html(p->file, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>", LEFT, y, WIDTH - RIGHT);
    html(p->file, "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">", LEFT - 6, y + 4);
    number(p, &p->y, value);
}

static void ticks(const plot *p, const scale *s, void (*tick)(const plot *, double))
{
    double step = s->log ? 0 : round_step(s->high - s->low);
    step = s->whole ? fmax(step, 1) : step;
    if (s->log) {
        int first = (int)ceil(log10(s->low) - 1e-9), last = (int)floor(log10(s->high) + 1e-9);
        int by = (last - first) / 6 + 1;

        for (int e = first; e <= last; e += by)
            tick(p, pow(10, e));
        return;
    }
    for (long i = lround(s->low / step); (double)i * step <= s->high + step / 1e6; i++)
        tick(p, (double)i * step);
}

plot plot_begin(FILE *file, const axes *a)
{
    plot p = {file, a->x, a->y};
    html(file, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH, HEIGHT,
         a->title);
    ticks(&p, &p.x, tick_x);
    ticks(&p, &p.y, tick_y);
    html(file, "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>\n", LEFT, TOP, HEIGHT - BOTTOM,
         WIDTH - RIGHT);
    html(file, "<text text-anchor=\"middle\" x=\"%d\" y=\"%d\">%s</text>\n",
         (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, a->x_label);
    html(file,
         "<text text-anchor=\"middle\" transform=\"translate(14 %d) rotate(-90)\">%s</text>\n",
         (TOP + HEIGHT - BOTTOM) / 2, a->y_label);
    return p;
}

void plot_end(const plot *p)
{
    fputs("</svg>\n", p->file);
}

/* A logarithmic axis cannot show values of 0 or less. */
static bool has_place(const scale *s, double value)
{
    return isfinite(value) && (!s->log || value > 0);
}

static bool drawn(const plot *p, const double *x, const double *y, size_t i, size_t n)
{
    return i < n && has_place(&p->x, x[i]) && has_place(&p->y, y[i]);
}

void plot_line(const plot *p, int series, bool second, const double *x, const double *y, size_t n)
{
    const char *dotted = second ? " second" : "";
    series %= COLOUR_SERIES;
    html(p->file, "<path class=\"line s%d%s\" d=\"", series, dotted);
    for (size_t i = 0; i < n; i++)
        if (drawn(p, x, y, i, n))
            html(p->file, "%c%.1f %.1f", i > 0 && drawn(p, x, y, i - 1, n) ? 'L' : 'M',
                 plot_x(p, x[i]), plot_y(p, y[i]));
    fputs("\"/>\n", p->file);
    for (size_t i = 0; i < n; i++)
        if (drawn(p, x, y, i, n) && (i == 0 || !drawn(p, x, y, i - 1, n)) &&
            !drawn(p, x, y, i + 1, n))
            html(p->file, "<circle class=\"s%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n", series,
                 plot_x(p, x[i]), plot_y(p, y[i]));
}

void plot_level(const plot *p, double y, const char *name)
{
    html(p->file, "<path class=\"level\" d=\"M%d %.1fH%d\"/>", LEFT, plot_y(p, y), WIDTH - RIGHT);
    html(p->file, "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">%s</text>\n",
         WIDTH - RIGHT - 4, plot_y(p, y) + 14, name);
}
