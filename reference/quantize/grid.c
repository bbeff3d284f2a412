/* SPDX-License-Identifier: MIT */
#include "grid.h"
#include "../core/dtype.h"
#include <math.h>

static int highest(const assay_grid *g)
{
    return (1 << g->bits) - 1;
}

static double held(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* The scale that is stored; one too small for f16 is the smallest that is not 0. */
static double stored(const assay_grid *g, double scale)
{
    const double s = g->f16 ? assay_f16_to_f64(assay_f16_from_f64(scale)) : scale;
    return g->f16 && s == 0 ? 0x1p-24 : s;
}

static assay_step awq(const assay_grid *g, double min, double max)
{
    const int top = highest(g);
    if (g->sym) {
        const double s = stored(g, fmax(fmax(fabs(min), fabs(max)), 1e-5) / (top / 2));
        return (assay_step){ s, (top + 1) / 2 };
    }
    const double s = stored(g, fmax(max - min, 1e-5) / top);
    return (assay_step){ s, (int)held(-nearbyint(min / s), 0, top) };
}

static assay_step gptq(const assay_grid *g, double min, double max)
{
    const int top = highest(g);
    if (g->sym) {
        max = fmax(-min, max);
        min = min < 0 ? -max : min;
    }
    if (min == 0 && max == 0)
        min = -1, max = 1;
    const double s = stored(g, (max - min) / top);
    return (assay_step){ s, g->sym ? (top + 1) / 2 : (int)held(nearbyint(-min / s), 0, top) };
}

static double error(const assay_grid *g, assay_step s, const double *w, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += pow(fabs(assay_grid_value(s, assay_grid_code(g, s, w[i])) - w[i]), 2.4);
    return sum;
}

assay_step assay_grid_fit(const assay_grid *g, const double *w, int64_t n)
{
    double min = n ? w[0] : 0, max = min;
    for (int64_t i = 1; i < n; i++)
        min = fmin(min, w[i]), max = fmax(max, w[i]);
    if (g->rule == ASSAY_GRID_AWQ)
        return awq(g, min, max);
    min = fmin(min, 0), max = fmax(max, 0);
    assay_step best = gptq(g, min, max);
    double least = g->mse ? error(g, best, w, n) : 0;
    for (int i = 1; g->mse && i < 80; i++) {
        const double part = 1 - i / 100.0;
        const assay_step s = gptq(g, part * min, part * max);
        const double e = error(g, s, w, n);
        if (e < least)
            best = s, least = e;
    }
    return best;
}

int assay_grid_code(const assay_grid *g, assay_step s, double w)
{
    return (int)held(nearbyint(w / s.scale) + s.zero, 0, highest(g));
}

double assay_grid_value(assay_step s, int q)
{
    return (q - s.zero) * s.scale;
}

void assay_grid_round(const assay_grid *g, double *w, int64_t rows, int64_t n, int64_t group)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < n; k += group) {
            double *part = w + r * n + k;
            const int64_t m = n - k < group ? n - k : group;
            const assay_step s = assay_grid_fit(g, part, m);
            for (int64_t i = 0; i < m; i++)
                part[i] = assay_grid_value(s, assay_grid_code(g, s, part[i]));
        }
}
