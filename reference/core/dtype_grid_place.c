/* SPDX-License-Identifier: MIT
 * dtype_grid_place.c - the entry of a grid that is nearest to eight numbers (or four) by weighted squares, exactly:
 * what each half of an entry costs is known beforehand, so that an entry is a sum of two numbers, and all entries with
 * a second half that alone costs too much are passed over.  Where the number of minus signs must be even and is not,
 * one sign is given up: the entry is chosen together with the element whose sign costs least. */
#include "dtype_grid.h"
#include <math.h>

/* What the numbers of a half cost, and what the wrong sign of one of them does besides */
typedef struct half {
    double cost[ASSAY_GRID_HALF], flip[ASSAY_GRID_HALF], least;
} half;

static void fill(half *h, const assay_grid *g, const double *x, const double *w, double scale, double delta, bool flips)
{
    int n = 1;
    h->cost[0] = 0, h->flip[0] = INFINITY, h->least = 0;
    for (int j = 0; j < g->digits / 2; j++, n *= g->base) {
        double least = INFINITY;
        for (int v = g->base - 1; v >= 0; v--) {
            const double e = scale * (g->value[v] + delta) - x[j], cost = w[j] * e * e;
            const double flip = 4 * w[j] * x[j] * (scale * g->value[v]);
            least = fmin(least, cost);
            for (int i = 0; i < n; i++) {
                h->cost[v * n + i] = h->cost[i] + cost;
                if (flips)
                    h->flip[v * n + i] = fmin(h->flip[i], flip);
            }
        }
        h->least += least;
    }
}

static int best_entry(const assay_grid *g, const half h[2], bool flip, double *cost)
{
    int best = 0;
    *cost = INFINITY;
    for (int b = 0; b < g->half; b++) {
        if (h[0].least + h[1].cost[b] >= *cost)
            continue;
        for (int k = g->first[b]; k < g->first[b + 1]; k++) {
            const int a = g->low[k];
            double c = h[0].cost[a] + h[1].cost[b];
            if (flip)
                c += fmin(h[0].flip[a], h[1].flip[b]);
            if (c < *cost)
                *cost = c, best = k;
        }
    }
    return best;
}

static int half_of(const assay_grid *g, int k)
{
    int h = 0;
    while (g->first[h + 1] <= k)
        h++;
    return h;
}

/* x: without signs, where there are signs; odd: one of them is wrong */
static double place_octet(const assay_grid *g, const double *x, const double *w, double scale, double delta, bool odd,
                          assay_octet *o)
{
    const int parts = 8 / g->digits;
    double cost[2] = { 0, 0 }, flipped[2] = { INFINITY, INFINITY };
    int other[2];
    for (int p = 0; p < parts; p++) {
        const int at = p * g->digits;
        half h[2];
        fill(&h[0], g, x + at, w + at, scale, delta, odd);
        fill(&h[1], g, x + at + g->digits / 2, w + at + g->digits / 2, scale, delta, odd);
        o->place[p] = (uint16_t)best_entry(g, h, false, &cost[p]);
        if (odd)
            other[p] = best_entry(g, h, true, &flipped[p]);
    }
    const int with = flipped[1] - cost[1] < flipped[0] - cost[0] ? 1 : 0; /* the part in which it is */
    if (odd)
        o->place[with] = (uint16_t)other[with], cost[with] = flipped[with];
    for (int p = 0; p < parts; p++) {
        int number = g->low[o->place[p]];
        for (int j = 0; j < g->digits; j++, number /= g->base) {
            if (j == g->digits / 2)
                number = half_of(g, o->place[p]);
            o->q[p * g->digits + j] = g->value[number % g->base];
        }
    }
    int wrong = with * g->digits;
    for (int j = wrong; j < (with + 1) * g->digits; j++)
        if (w[j] * x[j] * o->q[j] < w[wrong] * x[wrong] * o->q[wrong])
            wrong = j;
    o->signs = (uint8_t)(odd ? 1 << wrong : 0);
    return cost[0] + cost[1];
}

static double place_signed(const assay_grid *g, const assay_grid_sharing *s, const double *x, const double *w,
                           double scale, double delta, assay_octet *o)
{
    double size[8];
    unsigned signs = 0, odd = 0;
    for (int j = 0; j < 8; j++) {
        const bool negative = s->signs && x[j] < 0;
        size[j] = negative ? -x[j] : x[j];
        signs |= (unsigned)negative << j;
        odd ^= negative;
    }
    const double error = place_octet(g, size, w, scale, delta, s->even && odd, o);
    o->signs ^= (uint8_t)signs;
    o->down = delta < 0;
    for (int j = 0; j < 8; j++)
        o->q[j] = (o->signs >> j & 1 ? -o->q[j] : o->q[j]) + delta;
    return error;
}

double assay_grid_nearest(const assay_grid *g, const assay_grid_sharing *s, const double *x, const double *w,
                          double scale, assay_octet *octet)
{
    const int run = s->delta ? s->delta : s->scale;
    double all = 0;
    for (int o = 0; o < s->scale; o += run) {
        double best = INFINITY;
        for (int down = 0; down < (s->delta ? 2 : 1); down++) {
            const double delta = !s->delta ? 0 : down ? -0.125 : 0.125;
            assay_octet trial[4];
            double error = 0;
            for (int k = 0; k < run; k++)
                error += place_signed(g, s, x + 8 * (o + k), w + 8 * (o + k), scale, delta, &trial[k]);
            for (int k = 0; k < run && error < best; k++)
                octet[o + k] = trial[k];
            best = fmin(best, error);
        }
        all += best;
    }
    return all;
}
