/* SPDX-License-Identifier: MIT
 * How, by size: one factor for all, one for each row, column or block, an amount added, so many right bits. */
#include "words.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* 2, 1/2, 64 = K, 1/64 = 1/K; else the number */
static void say_factor(const assay_scene *s, double c, assay_say *w)
{
    const double big = fabs(c) >= 1 ? c : 1 / c;
    if (c == 1)
        return;
    for (const char *d = s->p->c.op->dims; fabs(big) > 2.5 && *d; d++) {
        const double n = (double)s->p->c.dim[assay_op_dim(s->p->c.op, *d)];
        if (fabs(big / n - 1) < 1e-5) {
            assay_say_add(w, c > 1 ? "too large by the factor %g = %c" : "too small by the factor %g = %c", n, *d);
            return;
        }
        if (fabs(big / sqrt(n) - 1) < 1e-5) {
            assay_say_add(w,
                          c > 1 ? "too large by the factor %.4g = sqrt(%c)" : "too small by the factor %.4g = sqrt(%c)",
                          sqrt(n), *d);
            return;
        }
    }
    if (fabs(big - 2) < 1e-4)
        assay_say_add(w, fabs(c) > 1 ? "twice too large" : "half of what is wanted");
    else if (c < 0)
        assay_say_add(w, "times %.6g", c);
    else
        assay_say_add(w, c > 1 ? "too large by the factor %.6g" : "too small by the factor %.6g", big);
}

static double ratio_of_largest(const assay_scene *s, int64_t *at)
{
    double most = 0;
    *at = -1;
    for (int64_t i = 0; i < s->n; i++)
        if (s->wrong[i] && isfinite(s->got[i]) && isfinite(s->want[i]) && fabs(s->want[i]) > most)
            most = fabs(s->want[i]), *at = i;
    return *at < 0 ? NAN : s->got[*at] / s->want[*at];
}

static double how_factor(const assay_scene *s, assay_say *w)
{
    int64_t at, n = 0;
    const double c = ratio_of_largest(s, &at), nice = exp2(nearbyint(log2(fabs(c))));
    if (!isfinite(c) || c == 0)
        return 0;
    for (int64_t i = 0; i < s->n; i++)
        n += s->wrong[i] && assay_accounts(s, i, c * s->want[i]);
    const bool whole = nice != 1 && fabs(fabs(c) / nice - 1) < 1e-6;
    if (s->n_wrong < (whole ? 2 : 4))
        return 0;
    say_factor(s, c, w);
    return (double)n / (double)s->n_wrong;
}

/* ---- groups of elements with a factor or an amount of their own ---------------------------------------------- */

typedef struct grouping {
    char what[48]; /* "each row", "each N", "each block of 32" */
    int64_t n;
    int64_t (*of)(const assay_scene *s, int64_t i, int64_t k);
    int64_t k;
} grouping;

static int64_t by_row(const assay_scene *s, int64_t i, int64_t k)
{
    (void)k;
    return i / s->dim[s->rank - 1];
}
static int64_t by_index(const assay_scene *s, int64_t i, int64_t k)
{
    return assay_scene_at(s, i, (int)k);
}
static int64_t by_block(const assay_scene *s, int64_t i, int64_t k)
{
    const int64_t len = s->dim[s->rank - 1], blocks = (len + k - 1) / k;
    return i / len * blocks + i % len / k;
}

typedef struct group {
    int64_t n, at; /* wrong elements; the one with the largest golden */
    double c;
} group;

/* Share explained by a factor (or an amount) per group, taken from its largest element; groups of one explain nothing.
 */
static double by_group(const assay_scene *s, const grouping *g, bool factor, double *lo, double *hi)
{
    group *of = calloc((size_t)g->n + 1, sizeof *of);
    int64_t hits = 0, lone = 0;
    for (int64_t i = 0; i < s->n; i++) {
        group *x = &of[g->of(s, i, g->k)];
        if (!s->wrong[i] || !isfinite(s->got[i]) || !isfinite(s->want[i]))
            continue;
        if (!x->n++ || fabs(s->want[i]) > fabs(s->want[x->at]))
            x->at = i;
    }
    *lo = INFINITY, *hi = -INFINITY;
    for (int64_t k = 0; k < g->n; k++) {
        if (!of[k].n)
            continue;
        of[k].c = factor ? s->got[of[k].at] / s->want[of[k].at] : s->got[of[k].at] - s->want[of[k].at];
        if (of[k].n < 3)
            lone += of[k].n;
        else
            *lo = fmin(*lo, of[k].c), *hi = fmax(*hi, of[k].c);
    }
    for (int64_t i = 0; i < s->n; i++) {
        const group *x = &of[g->of(s, i, g->k)];
        hits += s->wrong[i] && x->n >= 3 && assay_accounts(s, i, factor ? x->c * s->want[i] : x->c + s->want[i]);
    }
    free(of);
    return lone * 2 > s->n_wrong || s->n_wrong - lone < 1 ? 0 : (double)hits / (double)(s->n_wrong - lone);
}

static double how_groups(const assay_scene *s, bool factor, assay_say *w)
{
    grouping g[ASSAY_MAX_RANK + 8];
    int n = 0;
    double best = 0;
    if (!s->rank)
        return 0;
    const int64_t len = s->dim[s->rank - 1];
    for (int r = 0; r + 1 < s->rank; r++) {
        g[n] = (grouping){ "", s->dim[r], by_index, r };
        g[n].what[0] = s->letter[r];
        n++;
    }
    if (s->rank > 2)
        g[n++] = (grouping){ "row", s->n / len, by_row, 0 };
    if (s->n > len) {
        g[n] = (grouping){ "", len, by_index, s->rank - 1 };
        g[n].what[0] = s->letter[s->rank - 1];
        n++;
    }
    for (int64_t m = 256; m >= 16; m /= 2)
        if (m < len) {
            g[n] = (grouping){ "", s->n / len * ((len + m - 1) / m), by_block, m };
            snprintf(g[n].what, sizeof g[n].what, "block of %d", (int)m);
            n++;
        }
    for (int k = 0; k < n; k++) {
        double lo, hi;
        const double share = by_group(s, &g[k], factor, &lo, &hi);
        if (share <= best + 0.02)
            continue;
        best = share;
        *w = (assay_say){ "", 0 };
        if (factor && fabs(lo - 1) < 1e-2 && fabs(hi - 1) < 1e-2)
            assay_say_add(w, "each %s by a factor of its own, 1%+.2g to 1%+.2g", g[k].what, lo - 1, hi - 1);
        else if (factor)
            assay_say_add(w, "each %s by a factor of its own, %.4g to %.4g", g[k].what, lo, hi);
        else
            assay_say_add(w, "each %s by an amount of its own, %.3g to %.3g", g[k].what, lo, hi);
    }
    return best;
}

static double how_group_factor(const assay_scene *s, assay_say *w)
{
    return how_groups(s, true, w);
}
static double how_group_amount(const assay_scene *s, assay_say *w)
{
    return how_groups(s, false, w);
}

/* ---- the last resort: how good it is ------------------------------------------------------------------------- */

static double how_bits(const assay_scene *s, assay_say *w)
{
    const int64_t len = s->rank ? s->dim[s->rank - 1] : 1;
    double worst = 0, in_row = 0, drift = 0, size = 0, row = 0;
    int64_t of = -1; /* the row whose mean size row is */
    for (int64_t i = 0; i < s->n; i++) {
        if (!s->wrong[i])
            continue;
        if (of != i / len) {
            of = i / len, row = 0;
            for (int64_t c = of * len; c < of * len + len; c++)
                row += isfinite(s->want[c]) ? fabs(s->want[c]) / (double)len : 0;
        }
        const double e = s->got[i] - s->want[i], err = isfinite(e) ? fabs(e) : INFINITY;
        worst = fmax(worst, err / fabs(s->want[i]));
        in_row = fmax(in_row, err / fmax(fabs(s->want[i]), row));
        drift += s->want[i] < 0 ? -e : e;
        size += fabs(e);
    }
    const bool cancelled = !(worst < 0x1p-4);
    worst = cancelled ? in_row : worst;
    if (!(worst < 0x1p-4) || worst < 0x1p-26)
        return 0;
    assay_say_add(w, "right to about %d bits%s%s", (int)-log2(worst), cancelled ? " of the row's mean size" : "",
                  s->n_wrong < 4        ? ""
                  : drift < -0.9 * size ? ", always too small"
                  : drift > 0.9 * size  ? ", always too large"
                                        : "");
    return 1;
}

const assay_how assay_hows_scale[] = { how_factor, how_group_factor, how_group_amount, how_bits, NULL };
