/* SPDX-License-Identifier: MIT
 * GPTQ: with U the upper Cholesky factor of the inverse of H, the error of column i over U_ii, times the rest of row i
 * of U, is what later columns take over.  Blocks of columns, as faster implementations have them, change nothing. */
#include "../core/status.h"
#include "methods.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* a (n, n), symmetric, to its lower Cholesky factor; returns the column whose pivot is not above 0, n if none is. */
static int64_t cholesky(double *a, int64_t n, const assay_pulse *pulse)
{
    for (int64_t j = 0; j < n && assay_goes_on(pulse); j++) {
        double *row = a + j * n;
        for (int64_t k = 0; k <= j; k++) {
            const double *other = a + k * n;
            const double sum = row[k] - assay_product_dot(row, other, k);
            if (k < j)
                row[k] = sum / other[k];
            else if (sum > 0)
                row[j] = sqrt(sum);
            else
                return j;
        }
        memset(row + j + 1, 0, (size_t)(n - j - 1) * sizeof *row);
    }
    return n;
}

typedef struct work {
    const assay_gptq *m;
    int64_t rows, in;
    int64_t *order; /* of the columns */
    double *u, *w;  /* (in, in), (rows, in): both in that order */
} work;

static void order_columns(work *k, const double *diagonal)
{
    for (int64_t i = 0; i < k->in; i++) {
        int64_t at = i;
        while (k->m->act_order && at > 0 && diagonal[k->order[at - 1]] < diagonal[i]) {
            k->order[at] = k->order[at - 1];
            at--;
        }
        k->order[at] = i;
    }
}

/* U, upper, with inverse(H) = U'U, of H in order and damped.  In the opposite order H has the factor L; turned back
 * that is an upper V with H = V V', and U is its inverse. */
static assay_status factor(work *k, const double *h, const double *diagonal, assay_why *why)
{
    const int64_t n = k->in;
    double mean = 0, *a = assay_room((size_t)(n * n), sizeof *a);
    for (int64_t i = 0; i < n; i++)
        mean += diagonal[i] / (double)n;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            const int64_t p = k->order[n - 1 - i], q = k->order[n - 1 - j];
            a[i * n + j] = i == j ? diagonal[p] + k->m->damping * mean : h[p * n + q];
        }
    const int64_t bad = cholesky(a, n, k->m->pulse);
#pragma omp parallel for num_threads(k->m->threads > 1 ? k->m->threads : 1) schedule(dynamic)
    for (int64_t j = 0; j < n; j++) { /* column j of the inverse of L is, turned, a column of U */
        if (bad < n || !assay_goes_on(k->m->pulse))
            continue;
        double *row = assay_room((size_t)n, sizeof *row);
        for (int64_t i = j; i < n; i++)
            row[i] = ((i == j) - assay_product_dot(a + i * n + j, row + j, i - j)) / a[i * n + i];
        for (int64_t i = 0; i < n; i++)
            k->u[(n - 1 - i) * n + n - 1 - j] = i < j ? 0 : row[i];
        free(row);
    }
    free(a);
    if (!assay_goes_on(k->m->pulse))
        return assay_fail(why, ASSAY_UNSUPPORTED, "gptq: interrupted");
    return bad == n ? ASSAY_OK
                    : assay_fail(why, ASSAY_ERR_ARG,
                                 "gptq: H with damping %g of its mean diagonal %g is not positive definite at column "
                                 "%" PRId64,
                                 k->m->damping, mean, k->order[n - 1 - bad]);
}

typedef struct grids { /* (groups, rows) */
    uint8_t *zero;
    double *scale;
} grids;

static void fit(const work *k, const double *w, int64_t r, int64_t first, const grids *to)
{
    const int64_t n = k->in - first < k->m->group ? k->in - first : k->m->group;
    const int64_t at = first / k->m->group * k->rows + r;
    const assay_step s = assay_grid_fit(&k->m->grid, w + r * k->in + first, n);
    to->scale[at] = s.scale;
    to->zero[at] = (uint8_t)s.zero;
}

/* Row r, column by column in order; what a column's rounding leaves goes into those after it.  Returns the margin. */
static double one_row(const work *k, int64_t r, uint8_t *code, const grids *to)
{
    const int64_t n = k->in;
    double *w = k->w + r * n, margin = INFINITY;
    for (int64_t i = 0; i < n && (i % 64 || assay_goes_on(k->m->pulse)); i++) {
        const int64_t c = k->order[i], g = (k->m->fixed ? c : i) / k->m->group;
        if (!k->m->fixed && i % k->m->group == 0)
            fit(k, k->w, r, i, to);
        const assay_step s = { to->scale[g * k->rows + r], to->zero[g * k->rows + r] };
        const double t = w[i] / s.scale;
        margin = fmin(margin, fabs(fabs(t - floor(t)) - 0.5));
        code[r * n + c] = (uint8_t)assay_grid_code(&k->m->grid, s, w[i]);
        const double e = (w[i] - assay_grid_value(s, code[r * n + c])) / k->u[i * n + i];
        for (int64_t j = i + 1; j < n; j++)
            w[j] -= e * k->u[i * n + j];
    }
    return margin;
}

assay_status assay_gptq_run(const assay_gptq *m, const double *w, const double *h, int64_t rows, int64_t in,
                            uint8_t *code, uint8_t *zero, double *scale, int32_t *group_of, double *margin,
                            assay_why *why)
{
    double *diagonal = assay_room((size_t)in, sizeof *diagonal),
           *clean = assay_room((size_t)(rows * in), sizeof *clean);
    work k = { .m = m, .rows = rows, .in = in };
    k.order = assay_room((size_t)in, sizeof *k.order);
    k.u = assay_room((size_t)(in * in), sizeof *k.u);
    k.w = assay_room((size_t)(rows * in), sizeof *k.w);
    for (int64_t i = 0; i < in; i++) { /* a column whose input is always 0 says nothing */
        const bool dead = h[i * in + i] == 0;
        diagonal[i] = dead ? 1 : h[i * in + i];
        for (int64_t r = 0; r < rows; r++)
            clean[r * in + i] = dead ? 0 : w[r * in + i];
    }
    order_columns(&k, diagonal);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < in; i++)
            k.w[r * in + i] = clean[r * in + k.order[i]];
    assay_status s = factor(&k, h, diagonal, why);
    const grids to = { zero, scale };
    for (int64_t i = 0; i < in; i++)
        group_of[k.order[i]] = (int32_t)((m->fixed ? k.order[i] : i) / m->group);
    double least = INFINITY;
#pragma omp parallel for num_threads(m->threads > 1 ? m->threads : 1) schedule(dynamic) reduction(min : least)
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t i = 0; m->fixed && i < in && !s; i += m->group)
            fit(&k, clean, r, i, &to);
        least = s ? least : fmin(least, one_row(&k, r, code, &to));
    }
    *margin = least;
    if (!s && !assay_goes_on(m->pulse))
        s = assay_fail(why, ASSAY_UNSUPPORTED, "gptq: interrupted");
    free(diagonal);
    free(clean);
    free(k.order);
    free(k.u);
    free(k.w);
    return s;
}

assay_status assay_gptq_blocks(double *w, const double *h, int64_t rows, int64_t in, int64_t block, double damping,
                               int threads, const assay_pulse *pulse, assay_rounding round, void *ctx, assay_why *why)
{
    const assay_gptq m = { .damping = damping, .threads = threads, .pulse = pulse };
    double *diagonal = assay_room((size_t)in, sizeof *diagonal);
    double *q = assay_room((size_t)(rows * block), sizeof *q);
    work k = { .m = &m, .rows = rows, .in = in };
    k.order = assay_room((size_t)in, sizeof *k.order);
    k.u = assay_room((size_t)(in * in), sizeof *k.u);
    for (int64_t i = 0; i < in; i++)
        diagonal[i] = h[i * in + i] == 0 ? 1 : h[i * in + i];
    order_columns(&k, diagonal);
    assay_status s = factor(&k, h, diagonal, why);
    for (int64_t first = 0; first < in && !s; first += block) {
        const int64_t n = in - first < block ? in - first : block;
#pragma omp parallel for num_threads(threads > 1 ? threads : 1) schedule(static)
        for (int64_t r = 0; r < rows; r++) { /* what stands in the block is left: q is what it is rounded to */
            double *e = q + r * n, *row = w + r * in;
            if (!assay_goes_on(pulse))
                continue;
            memcpy(e, row + first, (size_t)n * sizeof *e);
            round(ctx, e, 1, n, r);
            for (int64_t i = 0; i < n; i++)
                e[i] = row[first + i] - e[i];
            for (int64_t i = 0; i < n; i++) {
                const double *u = k.u + (first + i) * in, x = e[i] / u[first + i];
                for (int64_t j = i + 1; j < n; j++)
                    e[j] -= x * u[first + j];
                for (int64_t j = first + n; j < in; j++)
                    row[j] -= x * u[j];
            }
        }
        if (!assay_goes_on(pulse))
            s = assay_fail(why, ASSAY_UNSUPPORTED, "gptq: interrupted");
    }
    free(diagonal);
    free(q);
    free(k.order);
    free(k.u);
    return s;
}
