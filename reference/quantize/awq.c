/* SPDX-License-Identifier: MIT
 * AWQ's searches, and SmoothQuant's scales: both multiply columns of weights and divide what makes their inputs. */
#include "../core/status.h"
#include "methods.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double *copy(const assay_awq *m)
{
    double *y = assay_room((size_t)(m->rows * m->in), sizeof *y);
    memcpy(y, m->w, (size_t)(m->rows * m->in) * sizeof *y);
    return y;
}

void assay_awq_mean(const assay_awq *m, double *mean_x)
{
    for (int64_t k = 0; k < m->in; k++) {
        double sum = 0;
        for (int64_t t = 0; t < m->tokens; t++)
            sum += fabs(m->x[t * m->in + k]);
        mean_x[k] = sum / (double)m->tokens;
    }
}

/* The mean over rows of |w| over its group's largest. */
static void mean_weights(const assay_awq *m, double *mean)
{
    memset(mean, 0, (size_t)m->in * sizeof *mean);
    for (int64_t r = 0; r < m->rows; r++)
        for (int64_t first = 0; first < m->in; first += m->group) {
            const double *w = m->w + r * m->in;
            const int64_t end = m->in - first < m->group ? m->in : first + m->group;
            double most = 0;
            for (int64_t k = first; k < end; k++)
                most = fmax(most, fabs(w[k]));
            for (int64_t k = first; k < end; k++)
                mean[k] += fabs(w[k]) / (most + 1e-6) / (double)m->rows;
        }
}

void assay_awq_scales(const assay_awq *m, const double *mean_x, int power, double *s)
{
    const double r = power / (double)ASSAY_AWQ_POWERS;
    double *mean_w = assay_room((size_t)m->in, sizeof *mean_w), low = INFINITY, high = 0;
    if (m->duo)
        mean_weights(m, mean_w);
    for (int64_t k = 0; k < m->in; k++) {
        const double by = m->duo ? pow(mean_w[k], 1 - r) + 1e-4 : 1;
        s[k] = fmax(pow(mean_x[k], r) / by, 1e-4);
        low = fmin(low, s[k]), high = fmax(high, s[k]);
    }
    for (int64_t k = 0; k < m->in; k++) {
        s[k] /= sqrt(high * low);
        if (!isfinite(s[k]))
            s[k] = 1;
    }
    free(mean_w);
}

static void round_rows(const assay_awq *m, double *y)
{
#pragma omp parallel for num_threads(m->threads > 1 ? m->threads : 1) schedule(dynamic)
    for (int64_t r = 0; r < m->rows; r++)
        if (!assay_goes_on(m->pulse))
            continue;
        else if (m->round)
            m->round(m->round_ctx, y + r * m->in, 1, m->in, r);
        else
            assay_grid_round(&m->grid, y + r * m->in, 1, m->in, m->group);
}

void assay_awq_search(assay_awq *m, double *s)
{
    double *mean_x = assay_room((size_t)m->in, sizeof *mean_x);
    assay_awq_mean(m, mean_x);
    m->best = 0;
    for (int i = 0; i < ASSAY_AWQ_POWERS && assay_goes_on(m->pulse); i++) {
        double *y = copy(m);
        assay_awq_scales(m, mean_x, i, s);
        assay_fold_columns(y, m->rows, m->in, s);
        round_rows(m, y);
        for (int64_t at = 0; at < m->rows * m->in; at++)
            y[at] /= s[at % m->in];
        m->loss[i] = m->loss_of ? m->loss_of(m->ctx, y)
                                : assay_product_loss(y, m->w, m->x, m->tokens, m->rows, m->in, m->threads, m->pulse);
        m->best = m->loss[i] < m->loss[m->best] ? i : m->best;
        free(y);
    }
    assay_awq_scales(m, mean_x, m->best, s);
    free(mean_x);
}

/* The mean square of x (q - w) over one row's group, of w cut off at `most`. */
static double cut(const assay_awq *m, const double *w, int64_t first, int64_t n, double most, double *held)
{
    const int64_t tokens = m->tokens < ASSAY_AWQ_CLIP_TOKENS ? m->tokens : ASSAY_AWQ_CLIP_TOKENS;
    for (int64_t k = 0; k < n; k++)
        held[k] = fmax(fmin(w[k], most), -most);
    assay_grid_round(&m->grid, held, 1, n, n);
    double sum = 0;
    for (int64_t t = 0; t < tokens; t++) {
        double e = 0;
        for (int64_t k = 0; k < n; k++)
            e += m->x[t * m->in + first + k] * (held[k] - w[k]);
        sum += e * e;
    }
    return sum / (double)tokens;
}

void assay_awq_clip(const assay_awq *m, double *most, double *loss, double *first)
{
    const int64_t groups = (m->in - 1) / m->group + 1;
#pragma omp parallel for num_threads(m->threads > 1 ? m->threads : 1) schedule(dynamic)
    for (int64_t r = 0; r < m->rows; r++) {
        double *held = assay_room((size_t)m->group, sizeof *held);
        for (int64_t g = 0; g < groups && assay_goes_on(m->pulse); g++) {
            const int64_t at = g * m->group, n = m->in - at < m->group ? m->in - at : m->group;
            const double *w = m->w + r * m->in + at;
            double high = 0, least = INFINITY, whole = 0, kept = 0;
            for (int64_t k = 0; k < n; k++)
                high = fmax(high, fabs(w[k]));
            for (int i = 0; i < ASSAY_AWQ_CLIPS; i++) {
                const double limit = high * (1 - i / 20.0), e = cut(m, w, at, n, limit, held);
                whole = i ? whole : e;
                if (e < least)
                    least = e, kept = limit;
            }
            most[r * groups + g] = kept;
            if (loss)
                loss[r * groups + g] = least;
            if (first)
                first[r * groups + g] = whole;
        }
        free(held);
    }
}

void assay_smooth_scales(const double *most_x, const double *most_w, int64_t in, double alpha, double *s)
{
    for (int64_t k = 0; k < in; k++)
        s[k] = fmax(pow(most_x[k], alpha) / pow(fmax(most_w[k], 1e-5), 1 - alpha), 1e-5);
}

void assay_fold_columns(double *w, int64_t rows, int64_t in, const double *s)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < in; k++)
            w[r * in + k] *= s[k];
}

void assay_fold_rows(double *w, int64_t rows, int64_t in, const double *s)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < in; k++)
            w[r * in + k] /= s[r];
}
