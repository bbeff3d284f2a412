/* SPDX-License-Identifier: MIT
 * As SentencePiece's normalizer.cc: at each place the longest rule, else the character, else U+FFFD for one byte.  The
 * rules: u32 bytes of the trie, its units (u32, little-endian), texts that each end with a NUL.  A unit is a node:
 * label (bits 0..7), whether a rule ends here (bit 8), distance to its children (bits 10..30; bit 9: in steps of 256);
 * or, with bit 31, a place in the texts. */
#include "normalize.h"
#include "../core/status.h"
#include "utf8.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 1024, LONGEST = 1000 }; /* a trie consists of whole pages of 256 units; bytes of a rule's text */

static uint32_t u32(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool is_node(uint32_t unit)
{
    return !(unit >> 31);
}

static uint32_t distance(uint32_t unit)
{
    return unit >> 10 << ((unit & 0x200) >> 6);
}

/* Children of a node lie in one page, at its index with the distance and the byte exclusive-ored. */
static assay_status check_unit(const assay_normalizer *z, size_t i, size_t n_texts, const char *label, assay_why *why)
{
    const uint32_t unit = z->trie[i];
    const size_t children = i ^ distance(unit);
    if (!is_node(unit)) {
        const uint32_t at = unit & 0x7fffffff;
        if (at >= n_texts)
            return assay_fail(why, ASSAY_ERR_FORMAT,
                              "%s: charsmap: unit %zu names byte %" PRIu32 " of %zu bytes of text", label, i, at,
                              n_texts);
        if (n_texts - at > LONGEST && !memchr(z->replaced + at, 0, LONGEST + 1))
            return assay_fail(why, ASSAY_UNSUPPORTED, "%s: charsmap: the rule of unit %zu writes more than %d bytes",
                              label, i, LONGEST);
        return ASSAY_OK;
    }
    if ((children | 0xff) >= z->units)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: charsmap: the children of unit %zu stand at %zu of %zu units",
                          label, i, children, z->units);
    if (i && (unit & 0x100) && is_node(z->trie[children]))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: charsmap: unit %zu ends a rule, but unit %zu names no text",
                          label, i, children);
    return ASSAY_OK;
}

assay_status assay_normalizer_make(const assay_vocab *v, assay_normalizer *z, assay_why *why)
{
    *z = (assay_normalizer){ .prefix = v->space_prefix, .squeeze = v->squeeze };
    const unsigned char *map = (const unsigned char *)v->charsmap.at;
    const size_t n = v->charsmap.n;
    if (n == 0)
        return ASSAY_OK;
    const size_t trie = n < 4 ? 0 : u32(map);
    if (trie < PAGE || trie % PAGE || trie >= n - 4)
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: charsmap of %zu bytes: its trie has %zu, not a multiple of %d with texts behind",
                          v->label, n, trie, PAGE);
    const size_t n_texts = n - 4 - trie;
    if (map[n - 1])
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: charsmap: the last of %zu bytes of text is no NUL", v->label,
                          n_texts);
    z->trie = malloc(trie + n_texts);
    if (!z->trie)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for a charsmap of %zu bytes", v->label, n);
    z->units = trie / 4;
    for (size_t i = 0; i < z->units; i++)
        z->trie[i] = u32(map + 4 + 4 * i);
    z->replaced = memcpy((char *)z->trie + trie, map + 4 + trie, n_texts);
    assay_status s =
        is_node(z->trie[0]) ? ASSAY_OK : assay_fail(why, ASSAY_ERR_FORMAT, "%s: charsmap: unit 0 is no root", v->label);
    for (size_t i = 0; i < z->units && !s; i++)
        s = check_unit(z, i, n_texts, v->label, why);
    if (s)
        assay_normalizer_free(z);
    return s;
}

void assay_normalizer_free(assay_normalizer *z)
{
    free(z->trie);
    *z = (assay_normalizer){ 0 };
}

/* What a rule writes that begins text, the longest or the shortest; *taken: bytes of text that it stands for.  NULL:
 * none does. */
static const char *find_rule(const assay_normalizer *z, const unsigned char *text, size_t n, bool longest,
                             size_t *taken)
{
    const char *found = NULL;
    size_t at = z->trie ? distance(z->trie[0]) : 0;
    for (size_t i = 0; z->trie && i < n && (longest || !found); i++) {
        at ^= text[i];
        const uint32_t unit = z->trie[at];
        if ((unit & 0x800000ff) != text[i])
            break;
        at ^= distance(unit);
        if (unit & 0x100) {
            found = z->replaced + (z->trie[at] & 0x7fffffff);
            *taken = i + 1;
        }
    }
    return found;
}

const char *assay_normalizer_rule(const assay_normalizer *z, const char *text, size_t n)
{
    size_t taken;
    return find_rule(z, (const unsigned char *)text, n, false, &taken);
}

/* What stands for the beginning of text, and how much of it that is. */
static assay_span step(const assay_normalizer *z, const char *text, size_t n, size_t *taken)
{
    const unsigned char *bytes = (const unsigned char *)text;
    if (z->kept && (*taken = z->kept(z->t, text, n)))
        return (assay_span){ text, *taken };
    const char *rule = find_rule(z, bytes, n, true, taken);
    if (rule)
        return (assay_span){ rule, strlen(rule) };
    const int length = assay_utf8_length(bytes, n);
    *taken = length ? (size_t)length : 1;
    return length ? (assay_span){ text, *taken } : (assay_span){ "\xEF\xBF\xBD", 3 };
}

size_t assay_print_piece(assay_span w, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < w.n; i++)
        if (w.n - i >= 3 && memcmp(w.at + i, "\xE2\x96\x81", 3) == 0)
            out[n++] = ' ', i += 2;
        else
            out[n++] = w.at[i];
    return n;
}

assay_status assay_normalize(const assay_normalizer *z, const char *text, size_t n, bool first, bool last, char **out,
                             size_t *n_out, assay_why *why)
{
    size_t room = n + n / 2 + LONGEST + 16, made = 0;
    char *to = malloc(room);
    if (to && n && first && z->prefix)
        to[made++] = ' ';
    bool drop = z->squeeze && first; /* blanks that come now */
    for (size_t i = 0, taken; to && i < n; i += taken) {
        assay_span w = step(z, text + i, n - i, &taken);
        for (; drop && w.n && *w.at == ' '; w.n--)
            w.at++;
        if (w.n)
            drop = z->squeeze && w.at[w.n - 1] == ' ';
        if (room - made < w.n) {
            char *more = realloc(to, room = 2 * room + w.n);
            if (!more)
                free(to);
            to = more;
        }
        made += to ? assay_print_piece(w, to + made) : 0;
    }
    if (!to)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for %zu bytes of text", room);
    while (z->squeeze && last && made && to[made - 1] == ' ')
        made--;
    *out = to;
    *n_out = made;
    return ASSAY_OK;
}
