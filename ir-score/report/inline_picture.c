/* Pictures as PNG in the page's text. */
#include "inline_picture.h"

#include <stdlib.h>

#include "html.h"
#include "stream/png.h"

/* The picture as a PNG file; its length in *bytes. */
static unsigned char *make_png(const unsigned char *rgb, int width, int height, size_t *bytes)
{
    char *png = NULL;
    FILE *file = open_memstream(&png, bytes);
    if (!file)
        ir_die_errno("a picture");
    ir_png_write_rgb(file, "a picture", width, height, rgb);
    if (fclose(file) != 0)
        ir_die_errno("a picture");
    return (unsigned char *)png;
}

static void write_base64(FILE *file, const unsigned char *data, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t three = (uint32_t)data[i] << 16;

        three |= i + 1 < n ? (uint32_t)data[i + 1] << 8 : 0;
        three |= i + 2 < n ? data[i + 2] : 0;
        fputc(digit[three >> 18], file);
        fputc(digit[three >> 12 & 63], file);
        fputc(i + 1 < n ? digit[three >> 6 & 63] : '=', file);
        fputc(i + 2 < n ? digit[three & 63] : '=', file);
    }
}

/* Two pixels outside of its component, within the picture. */
static void write_mark(FILE *file, const mark *m, window w)
{
    const ir_component *c = m->component;
    int left = c->left - w.left - 2, right = c->left - w.left + c->width + 2;
    int top = c->top - w.top - 2, bottom = c->top - w.top + c->height + 2;
    if (right <= 2 || bottom <= 2 || left >= w.width - 2 || top >= w.height - 2)
        return; /* outside */
    html(file, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>", m->style, left,
         top, right - left, bottom - top);
}

void picture_write(FILE *file, const unsigned char *rgb, window w, const mark *marks, size_t n,
                   const char *alt)
{
    size_t bytes;
    unsigned char *png = make_png(rgb, w.width, w.height, &bytes);
    html(file,
         "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">"
         "<image width=\"%d\" height=\"%d\" href=\"data:image/png;base64,",
         w.width, w.height, alt, w.width, w.height);
    write_base64(file, png, bytes);
    fputs("\"/>", file);
    for (size_t i = 0; i < n; i++)
        write_mark(file, &marks[i], w);
    fputs("</svg>\n", file);
    free(png);
}
