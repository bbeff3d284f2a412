/* SPDX-License-Identifier: MIT */
#include "plain.h"
#include "json.h"
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* Bytes of the character at s; 0: not plain, its first byte is to be shown as ?. */
static size_t plain(const char *s)
{
    static const struct {
        uint32_t from, to;
    } not [] = { { 0, 0x1f },        { 0x7f, 0x9f },     { 0x61c, 0x61c },   { 0x200b, 0x200f },  { 0x2028, 0x202e },
                 { 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe0fff } };
    static const unsigned char first[] = { 0, 0x7f, 0x1f, 0xf, 7 };
    const size_t n = assay_json_utf8(s);
    uint32_t c = (unsigned char)s[0] & first[n];
    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((unsigned char)s[i] & 0x3f);
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++)
        if (c >= not [i].from && c <= not [i].to)
            return 0;
    return n;
}

bool assay_plain_is(const char *text)
{
    size_t n;
    while (*text && (n = plain(text)))
        text += n;
    return !*text;
}

char *assay_plain(char *text)
{
    for (char *s = text; *s;) {
        const size_t n = plain(s);
        if (!n)
            *s = '?';
        s += n ? n : 1;
    }
    return text;
}

/* How a medium writes a character that it would act on; NULL: as it is. */
static const char *escaped(assay_medium m, char c)
{
    static const struct {
        assay_medium medium;
        char c;
        const char *as;
    } table[] = { { ASSAY_MARKUP, '&', "&amp;" },  { ASSAY_MARKUP, '<', "&lt;" },    { ASSAY_MARKUP, '>', "&gt;" },
                  { ASSAY_MARKUP, '"', "&quot;" }, { ASSAY_MARKUP, '\'', "&apos;" }, { ASSAY_PLOT, '"', "'" },
                  { ASSAY_PLOT, '\\', "/" } };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].medium == m && table[i].c == c)
            return table[i].as;
    return NULL;
}

void assay_plain_put(FILE *f, assay_medium m, const char *text, size_t n)
{
    char word[5] = "";
    for (size_t i = 0, length; i < n; i += length ? length : 1) {
        strncpy(word, text + i, n - i < 4 ? n - i : 4);
        word[n - i < 4 ? n - i : 4] = 0;
        length = plain(word);
        const char *as = escaped(m, *word);
        const bool inside = *word == '_' && i && isalnum((unsigned char)text[i - 1]) && isalnum((unsigned char)word[1]);
        if (m == ASSAY_MARKDOWN && strchr("\\`*_[]<>|~&", *word) && !inside) /* avx2_6x16 emphasizes nothing */
            fputc('\\', f);
        if (!length || as)
            fputs(as ? as : "?", f);
        else
            fwrite(word, 1, length, f);
    }
}

void assay_plain_say(FILE *f, const char *text, size_t n)
{
    if (!isatty(fileno(f))) {
        fwrite(text, 1, n, f);
        return;
    }
    for (size_t i = 0; i < n;) {
        char word[5] = "";
        memcpy(word, text + i, n - i < 4 ? n - i : 4);
        const size_t length = *word == '\n' || *word == '\t' ? 1 : plain(word);
        fwrite(length ? word : "?", 1, length ? length : 1, f);
        i += length ? length : 1;
    }
}
