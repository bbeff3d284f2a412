/* SPDX-License-Identifier: MIT */
#include "utf8.h"
#include <string.h>

/* Bytes that the lead byte promises (0: no lead byte) and the range of the second byte. */
static int lead(unsigned char b, unsigned char *lo, unsigned char *hi)
{
    *lo = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;
    *hi = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF;
    return b < 0x80 ? 1 : b < 0xC2 ? 0 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : b < 0xF5 ? 4 : 0;
}

/* How many of the n bytes at s are a beginning of one well-formed sequence; *need: its whole length, 0 if s begins
 * none. */
static int beginning(const unsigned char *s, size_t n, int *need)
{
    unsigned char lo, hi;
    *need = lead(s[0], &lo, &hi);
    int i = 1;
    for (; i < *need && (size_t)i < n; i++, lo = 0x80, hi = 0xBF)
        if (s[i] < lo || s[i] > hi)
            break;
    return i;
}

int assay_utf8_length(const unsigned char *s, size_t n)
{
    int need;
    return beginning(s, n, &need) == need ? need : 0;
}

unsigned assay_utf8_code(const unsigned char *s, int length)
{
    static const unsigned char mask[5] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    unsigned code = s[0] & mask[length];
    for (int i = 1; i < length; i++)
        code = code << 6 | (s[i] & 0x3Fu);
    return code;
}

int assay_utf8_write(unsigned code, char out[4])
{
    const int n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char mark[5] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (int i = n - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(mark[n] | code);
    return n;
}

bool assay_utf8_white(unsigned code)
{
    return (code >= 9 && code <= 13) || code == ' ' || code == 0x85 || code == 0xA0 || code == 0x1680 ||
           (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F ||
           code == 0x3000;
}

static size_t replacement(char *out)
{
    memcpy(out, "\xEF\xBF\xBD", 3);
    return 3;
}

size_t assay_utf8_push(assay_utf8 *u, unsigned char byte, char out[ASSAY_UTF8_OUT])
{
    size_t n = 0;
    int need;
    u->held[u->n++] = byte;
    if (u->n > 1 && beginning(u->held, (size_t)u->n, &need) < u->n) { /* byte does not go on: it begins anew */
        n += replacement(out);
        u->held[0] = byte;
        u->n = 1;
    }
    beginning(u->held, (size_t)u->n, &need);
    if (need == 0) {
        n += replacement(out + n);
        u->n = 0;
    } else if (u->n == need) {
        memcpy(out + n, u->held, (size_t)need);
        n += (size_t)need;
        u->n = 0;
    }
    return n;
}

size_t assay_utf8_end(assay_utf8 *u, char out[ASSAY_UTF8_OUT])
{
    const size_t n = u->n ? replacement(out) : 0;
    u->n = 0;
    return n;
}
