/* Escaping, and a printf that escapes; see html.h. */
#include "html.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { MAX_SPEC = 16 };

/* The length of the UTF-8 character at s, 0 when there is none. */
static int utf8_length(const unsigned char *s)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int n = s[0] < 0x80         ? 1
            : (s[0] >> 5) == 6  ? 2
            : (s[0] >> 4) == 14 ? 3
            : (s[0] >> 3) == 30 ? 4
                                : 0;
    uint32_t code = n == 1 ? s[0] : s[0] & (0x7fu >> n);

    for (int i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3f);
    }
    if (n == 0 || code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    return n;
}

static const char *entity(unsigned char c)
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
    return c < ' ' && c != '\t' && c != '\n' ? "\xef\xbf\xbd" : NULL;
}

void html_text(FILE *file, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    while (*s) {
        int n = utf8_length(s);
        const char *instead = n == 0 ? "\xef\xbf\xbd" : entity(*s);

        if (instead != NULL)
            fputs(instead, file);
        else
            fwrite(s, 1, (size_t)n, file);
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
