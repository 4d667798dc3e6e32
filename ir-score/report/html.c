/* Escaping, and a printf that escapes; see html.h. */
#include "html.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/printable.h"

enum { MAX_SPEC = 16 };

static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case 0x7f:
        return "\xef\xbf\xbd";
    }
    return (unsigned char)c < ' ' && c != '\t' && c != '\n' ? "\xef\xbf\xbd" : NULL;
}

void html_text(FILE *file, const char *text)
{
    for (const char *s = text; *s != '\0';) {
        size_t n = ir_utf8_length(s);
        const char *instead = n == 0 ? "\xef\xbf\xbd" : entity(*s);

        if (instead)
            fputs(instead, file);
        else
            fwrite(s, 1, n, file);
        s += n == 0 ? 1 : n;
    }
}

/* Prints one conversion; spec: from % to its letter. */
static void convert(FILE *file, const char *spec, char letter, const char *size, va_list *list)
{
    if (letter == 's')
        html_text(file, va_arg(*list, const char *));
    else if (letter == 'f' || letter == 'g')
        fprintf(file, spec, va_arg(*list, double));
    else if (*size == 'l' || *size == 'z')
        fprintf(file, spec, va_arg(*list, long));
    else if (letter == '%')
        fputc('%', file);
    else
        fprintf(file, spec, va_arg(*list, int));
}

void html(FILE *file, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    while (*format) {
        size_t plain = strcspn(format, "%"), n;
        char spec[MAX_SPEC];

        fwrite(format, 1, plain, file);
        format += plain;
        if (*format == '\0')
            break;
        n = 1 + strspn(format + 1, "+-# 0123456789.lz");
        if (n + 2 > MAX_SPEC)
            ir_die("a conversion of html() is too long: %s", format);
        memcpy(spec, format, n + 1);
        spec[n + 1] = '\0';
        convert(file, spec, format[n], spec + n - 1, &list);
        format += n + 1;
    }
    va_end(list);
}

void html_real(FILE *file, double x, int decimals)
{
    if (!isfinite(x)) {
        fputs("n/a", file);
        return;
    }
    if (x < 0)
        fputs("\xe2\x88\x92", file);
    fprintf(file, "%.*f", decimals, fabs(x));
}
