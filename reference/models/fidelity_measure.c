/* SPDX-License-Identifier: MIT */
#include "fidelity_measure.h"
#include "../core/status.h"
#include "divergence.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void assay_apart_begin(assay_apart *p, int64_t width, bool chances)
{
    *p = (assay_apart){ .width = width, .chances = chances };
    p->a = assay_room((size_t)width, sizeof *p->a);
    p->b = assay_room((size_t)width, sizeof *p->b);
}

static int64_t first_of(const double *x, int64_t n)
{
    int64_t k = 0;
    for (int64_t i = 1; i < n; i++)
        k = x[i] > x[k] ? i : k;
    return k;
}

/* Whether all of the other's numbers are finite. */
static bool differ(assay_apart *p)
{
    bool finite = true;
    for (int64_t i = 0; i < p->width; i++) {
        const double d = fabs(p->a[i] - p->b[i]);
        finite &= isfinite(p->b[i]) != 0;
        p->difference2 += d * d;
        p->difference = d <= p->difference ? p->difference : isnan(d) ? INFINITY : d;
        p->largest = fmax(p->largest, fabs(p->a[i]));
    }
    return finite;
}

static void tokens(assay_apart *p, int32_t next, bool known)
{
    const double *const a = p->a, *const b = p->b, za = assay_log_sum(a, p->width), zb = assay_log_sum(b, p->width);
    const int64_t first = first_of(a, p->width), other = first_of(b, p->width), at = known ? next : first;
    if (first != other) {
        p->flip = assay_grown(p->flip, (size_t)p->n_flips, sizeof *p->flip);
        p->flip[p->n_flips++] = (assay_flip){ .row = p->rows,
                                              .base = (int32_t)first,
                                              .other = (int32_t)other,
                                              .margin = a[first] - a[other],
                                              .margin_other = b[other] - b[first] };
    }
    if (at >= 0) {
        const double change = exp(b[at] - zb) - exp(a[at] - za);
        p->changes2 += change * change;
        p->n_changes++;
    }
    if (next >= 0) {
        assay_score_add(&p->base, za - a[next]);
        assay_score_add(&p->other, zb - b[next]);
        assay_score_add(&p->change, (zb - b[next]) - (za - a[next]));
    }
}

void assay_apart_row(assay_apart *p, const float *base, const float *other, int32_t next, bool known)
{
    for (int64_t i = 0; i < p->width; i++) {
        p->a[i] = (double)base[i];
        p->b[i] = (double)other[i];
    }
    const bool finite = differ(p);
    double kl = 0;
    if (p->chances && finite) {
        kl = assay_divergence(p->a, p->b, p->width);
        tokens(p, next, known);
    }
    p->broken += !finite;
    p->kl = assay_grown(p->kl, (size_t)p->rows, sizeof *p->kl);
    p->kl[p->rows++] = finite ? kl : INFINITY;
}

static int by_margin(const void *a, const void *b)
{
    const assay_flip *x = a, *y = b;
    const int margin = (x->margin < y->margin) - (x->margin > y->margin);
    return margin ? margin : (x->row > y->row) - (x->row < y->row);
}

void assay_apart_end(assay_apart *p)
{
    if (p->n_flips)
        qsort(p->flip, (size_t)p->n_flips, sizeof *p->flip, by_margin);
}

void assay_apart_free(assay_apart *p)
{
    free(p->kl);
    free(p->flip);
    free(p->a);
    free(p->b);
    *p = (assay_apart){ 0 };
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double share(const double *sorted, int64_t n, double q)
{
    const double at = q * (double)(n - 1), part = at - floor(at);
    const int64_t low = (int64_t)at, high = low + 1 < n ? low + 1 : low;
    return part == 0 ? sorted[low] : sorted[low] + part * (sorted[high] - sorted[low]);
}

assay_spread assay_apart_spread(const assay_apart *p)
{
    assay_spread s = { 0 };
    double *sorted = assay_room((size_t)p->rows, sizeof *sorted);
    for (int64_t r = 0; r < p->rows; r++) {
        s.mean += p->kl[r] / (double)p->rows;
        s.at = p->kl[r] > p->kl[s.at] ? r : s.at;
        sorted[r] = p->kl[r];
    }
    qsort(sorted, (size_t)p->rows, sizeof *sorted, ascending);
    if (p->rows) {
        s.median = share(sorted, p->rows, 0.5);
        s.p99 = share(sorted, p->rows, 0.99);
        s.p999 = share(sorted, p->rows, 0.999);
        s.largest = sorted[p->rows - 1];
    }
    free(sorted);
    return s;
}

double assay_apart_same(const assay_apart *p)
{
    return 1 - (double)(p->n_flips + p->broken) / (double)p->rows;
}

double assay_apart_change(const assay_apart *p)
{
    return p->n_changes ? sqrt(p->changes2 / (double)p->n_changes) : NAN;
}

double assay_apart_difference(const assay_apart *p)
{
    const double n = (double)p->rows * (double)p->width;
    return isnan(p->difference2) ? INFINITY : sqrt(p->difference2 / n);
}
