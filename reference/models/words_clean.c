/* SPDX-License-Identifier: MIT
 * BERT's normalization, character by character, as Hugging Face's tokenizers do it (BertNormalizer and
 * BertPreTokenizer), whose models are trained on what comes out.  Categories, decompositions and lower case are
 * utf8proc's.
 *
 * utf8proc follows Unicode (15.0 in Debian 12), Hugging Face's tables do not: categories stand at Unicode 8,
 * decompositions at Unicode 9, only lower case is as new as its compiler.  So what a later version made a mark,
 * punctuation or a format character is a letter like any other here, whatever version utf8proc has: the table below,
 * which was made by comparing all code points of tokenizers 0.23.3 with Unicode 18.0.
 *
 * llama.cpp differs: it decomposes before it looks for ideographs, keeps of a decomposed character the first letter
 * alone, and its tables are newer. */
#include "words_clean.h"
#include <stddef.h>
#include <utf8proc.h>

typedef struct range {
    unsigned first, last;
} range;

/* Letters to Hugging Face, and something else since; between them stand letters in either. */
static const range later[] = {
    { 0x5C8, 0x5C9 },     { 0x61D, 0x61D },     { 0x7FD, 0x7FD },     { 0x890, 0x8E2 },     { 0x9FD, 0x9FE },
    { 0xA76, 0xA76 },     { 0xAFA, 0xAFF },     { 0xB53, 0xB55 },     { 0xC04, 0xC3C },     { 0xC77, 0xC77 },
    { 0xC84, 0xC84 },     { 0xD00, 0xD00 },     { 0xD3B, 0xD3C },     { 0xD81, 0xD81 },     { 0xEBA, 0xEBA },
    { 0xECE, 0xECE },     { 0x1715, 0x1715 },   { 0x180F, 0x1886 },   { 0x1ABF, 0x1AF0 },   { 0x1B4E, 0x1B4F },
    { 0x1B7D, 0x1B7F },   { 0x1DF6, 0x1DFB },   { 0x2E43, 0x2E63 },   { 0xA82C, 0xA82C },   { 0xA8C5, 0xA8C5 },
    { 0xA8FF, 0xA8FF },   { 0xA9BD, 0xA9BD },   { 0x105C9, 0x105E4 }, { 0x10D24, 0x10F89 }, { 0x11070, 0x11074 },
    { 0x110C2, 0x110CD }, { 0x111CF, 0x111CF }, { 0x1123E, 0x11241 }, { 0x1133B, 0x1133B }, { 0x11383, 0x1145E },
    { 0x11660, 0x1166C }, { 0x116B9, 0x116B9 }, { 0x1182F, 0x11FFF }, { 0x12FF1, 0x1612F }, { 0x16D68, 0x16F4F },
    { 0x16FE2, 0x16FF1 }, { 0x1CF00, 0x1D128 }, { 0x1D250, 0x1D281 }, { 0x1E000, 0x1E6F5 }, { 0x1E944, 0x1E95F },
};
/* Those of them that Unicode 9 had: they are sorted as marks are. */
static const range nine[] = { { 0x8D4, 0x8E1 },     { 0x1DFB, 0x1DFB },   { 0x11442, 0x11442 }, { 0x11446, 0x11446 },
                              { 0x11C3F, 0x11C3F }, { 0x1E000, 0x1E02A }, { 0x1E944, 0x1E94A } };
/* The sixth begins at U+2B920 for Hugging Face and llama.cpp, at U+2B820 for Google and in Unicode. */
static const range ideographs[] = { { 0x3400, 0x4DBF },   { 0x4E00, 0x9FFF },   { 0xF900, 0xFAFF },
                                    { 0x20000, 0x2A6DF }, { 0x2A700, 0x2B81F }, { 0x2B920, 0x2CEAF },
                                    { 0x2F800, 0x2FA1F } };

static bool among(const range *r, size_t n, unsigned code)
{
    size_t low = 0, high = n; /* ranges before low end before it, those from high on begin behind it */
    while (low < high) {
        const size_t i = low + (high - low) / 2;
        if (code > r[i].last)
            low = i + 1;
        else if (code < r[i].first)
            high = i;
        else
            return true;
    }
    return false;
}

static bool is_later(unsigned code)
{
    return among(later, sizeof later / sizeof *later, code);
}

static utf8proc_category_t category(unsigned code)
{
    switch (code) { /* three have changed since */
    case 0x166D:
    case 0x111C9:
        return UTF8PROC_CATEGORY_PO;
    case 0x1734:
        return UTF8PROC_CATEGORY_MN;
    default:
        return is_later(code) ? UTF8PROC_CATEGORY_LO : utf8proc_category((utf8proc_int32_t)code);
    }
}

static bool is_punctuation(unsigned code)
{
    if (code < 0x80) /* ASCII's symbols, too */
        return code > 0x20 && code < 0x7F && !(code >= '0' && code <= '9') && !(code >= 'A' && code <= 'Z') &&
               !(code >= 'a' && code <= 'z');
    const utf8proc_category_t c = category(code);
    return c >= UTF8PROC_CATEGORY_PC && c <= UTF8PROC_CATEGORY_PO;
}

assay_character assay_words_character(unsigned code)
{
    if (code == '\t' || code == '\n' || code == '\r' || code == ' ')
        return ASSAY_CHARACTER_BLANK;
    if (code > ' ' && code < 0x7F)
        return ASSAY_CHARACTER_LETTER;
    if (code == 0xFFFD)
        return ASSAY_CHARACTER_GONE;
    switch (category(code)) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return ASSAY_CHARACTER_BLANK;
    case UTF8PROC_CATEGORY_CC: /* U+000B, U+000C and U+0085, too, which are white space elsewhere */
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
        return ASSAY_CHARACTER_GONE;
    default:
        return among(ideographs, sizeof ideographs / sizeof *ideographs, code) ? ASSAY_CHARACTER_ALONE
                                                                               : ASSAY_CHARACTER_LETTER;
    }
}

static unsigned char order(unsigned code)
{
    if (is_later(code) && !among(nine, sizeof nine / sizeof *nine, code))
        return 0;
    return (unsigned char)utf8proc_get_property((utf8proc_int32_t)code)->combining_class;
}

int assay_words_letters(unsigned code, bool strip_accents, bool lower, assay_letter out[ASSAY_LETTERS])
{
    utf8proc_int32_t parts[ASSAY_LETTERS] = { (utf8proc_int32_t)code };
    int n = 1, ignored = 0;
    if (strip_accents && code >= 0x80 && !is_later(code)) {
        const utf8proc_ssize_t found =
            utf8proc_decompose_char((utf8proc_int32_t)code, parts, ASSAY_LETTERS, UTF8PROC_DECOMPOSE, &ignored);
        if (found > 0 && found <= ASSAY_LETTERS) /* never more than four */
            n = (int)found;
        else
            parts[0] = (utf8proc_int32_t)code;
    }
    for (int i = 0; i < n; i++) {
        const unsigned part = (unsigned)parts[i];
        out[i] = (assay_letter){ .code = part };
        if (strip_accents && part >= 0x80) {
            out[i].order = order(part);
            out[i].gone = category(part) == UTF8PROC_CATEGORY_MN;
        }
        if (lower)
            out[i].code = (unsigned)utf8proc_tolower(parts[i]);
        out[i].alone = is_punctuation(out[i].code);
    }
    if (lower && code == 0x130 && !strip_accents) /* the one that becomes two */
        out[n++] = (assay_letter){ .code = 0x307 };
    return n;
}
