/* Viridis by straight lines between nine of its points. */
#include "colour.h"

colour colour_viridis(double x)
{
    static const colour at[] = {{68, 1, 84},    {71, 45, 123},  {59, 82, 139},
                                {44, 114, 142}, {33, 145, 140}, {40, 174, 128},
                                {94, 201, 98},  {173, 220, 48}, {253, 231, 37}};
    const int last = sizeof at / sizeof *at - 1;
    double place, part;
    int i;
    x = x > 1 ? 1 : x > 0 ? x : 0;
    place = x * last;
    i = (int)place < last ? (int)place : last - 1;
    part = place - i;
    return (colour){(int)(at[i].red + part * (at[i + 1].red - at[i].red) + 0.5),
                    (int)(at[i].green + part * (at[i + 1].green - at[i].green) + 0.5),
                    (int)(at[i].blue + part * (at[i + 1].blue - at[i].blue) + 0.5)};
}

bool colour_is_dark(colour c)
{
    return 0.299 * c.red + 0.587 * c.green + 0.114 * c.blue < 140;
}
