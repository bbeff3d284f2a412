/* SPDX-License-Identifier: MIT */
#include "near.h"
#include <stdio.h>
#include <string.h>

enum { LONGEST = 48 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters left out, put in, changed, or swapped with their neighbour (optimal string alignment). */
static size_t distance(const char *a, const char *b)
{
    size_t row[3][LONGEST + 1], na = strlen(a), nb = strlen(b);
    if (na > LONGEST || nb > LONGEST)
        return LONGEST;
    for (size_t k = 0; k <= nb; k++)
        row[0][k] = k;
    for (size_t i = 1; i <= na; i++) {
        size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = i;
        for (size_t k = 1; k <= nb; k++) {
            now[k] = least(least(last[k], now[k - 1]) + 1, last[k - 1] + (a[i - 1] != b[k - 1]));
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                now[k] = least(now[k], before[k - 2] + 1);
        }
    }
    return row[na % 3][nb];
}

void assay_near_try(assay_near *n, const char *known)
{
    const size_t typed = strlen(n->word), begun = strncmp(known, n->word, typed) == 0 && typed > 2,
                 away = begun ? 1 : distance(n->word, known);
    if (away <= 1 + strlen(known) / 4 && away < typed && (!n->best || away < n->away))
        n->best = known, n->away = away;
}

const char *assay_near_text(const assay_near *n, char *text, size_t size)
{
    snprintf(text, size, "%s%s%s", n->best ? "; did you mean " : "", n->best ? n->best : "", n->best ? "?" : "");
    return text;
}
