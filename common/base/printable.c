/* UTF-8 (RFC 3629), and what of it a terminal obeys instead of showing it. */
#include "base/printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The code of the character at s, its length in *length; that is 0 when there is none. */
static uint32_t decode(const unsigned char *s, size_t *length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = s[0] < 0x80         ? 1
               : (s[0] >> 5) == 6  ? 2
               : (s[0] >> 4) == 14 ? 3
               : (s[0] >> 3) == 30 ? 4
                                   : 0;
    uint32_t code = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    *length = 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3f);
    }
    if (n == 0 || code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    *length = n;
    return code;
}

size_t ir_utf8_length(const char *s)
{
    size_t length;
    decode((const unsigned char *)s, &length);
    return length;
}

static bool is_obeyed(uint32_t code)
{
    return code < ' ' || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

char *ir_make_printable(char *text)
{
    char *to = text;
    for (const char *s = text; *s != '\0';) {
        size_t length;
        uint32_t code = decode((const unsigned char *)s, &length);

        if (length == 0 || is_obeyed(code)) {
            *to++ = '?';
            s += length == 0 ? 1 : length;
            continue;
        }
        memmove(to, s, length);
        to += length;
        s += length;
    }
    *to = '\0';
    return text;
}
