/* SPDX-License-Identifier: MIT */
#include "product.h"
#include "../core/dtype.h"
#include <stdlib.h>
#include <string.h>

typedef double lanes __attribute__((vector_size(32), aligned(8)));

static double across(lanes v)
{
    return (v[0] + v[1]) + (v[2] + v[3]);
}

/* Two rows of w by two of x: K in steps of four, the rest one by one. */
static void tile(const double *x0, const double *x1, const double *w0, const double *w1, int64_t K, double s[4])
{
    lanes a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
    int64_t k = 0;
    for (; k + 4 <= K; k += 4) {
        lanes p, q, u, v;
        memcpy(&p, x0 + k, sizeof p);
        memcpy(&q, x1 + k, sizeof q);
        memcpy(&u, w0 + k, sizeof u);
        memcpy(&v, w1 + k, sizeof v);
        a += p * u;
        b += p * v;
        c += q * u;
        d += q * v;
    }
    s[0] = across(a);
    s[1] = across(b);
    s[2] = across(c);
    s[3] = across(d);
    for (; k < K; k++) {
        s[0] += x0[k] * w0[k];
        s[1] += x0[k] * w1[k];
        s[2] += x1[k] * w0[k];
        s[3] += x1[k] * w1[k];
    }
}

bool assay_product(const double *x, const assay_tensor *w, const double *bias, double *y, int64_t T, int64_t N,
                   int64_t K, int64_t n0, int64_t n1)
{
    const assay_dtype_info *info = assay_dtype_of(w->type);
    const int64_t row = assay_dtype_bytes(w->type, K);
    double *rows = malloc((size_t)(2 * K + 1) * sizeof *rows);
    if (!rows)
        return false;
    for (int64_t n = n0; n < n1; n += 2) {
        const int64_t pair = n + 1 < n1; /* an odd last row stands in for itself */
        double *w0 = rows, *w1 = rows + pair * K;
        info->decode(w0, (const char *)w->data + n * row, K);
        if (pair)
            info->decode(w1, (const char *)w->data + (n + 1) * row, K);
        for (int64_t t = 0; t < T; t += 2) {
            const int64_t more = t + 1 < T;
            double s[4];
            tile(x + t * K, x + (t + more) * K, w0, w1, K, s);
            for (int64_t j = 0; j <= pair; j++) {
                y[t * N + n + j] = s[j] + (bias ? bias[n + j] : 0);
                if (more)
                    y[(t + 1) * N + n + j] = s[2 + j] + (bias ? bias[n + j] : 0);
            }
        }
    }
    free(rows);
    return true;
}
