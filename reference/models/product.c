/* SPDX-License-Identifier: MIT */
#include "product.h"
#include "../core/dtype.h"
#include <stdlib.h>

typedef double pair __attribute__((vector_size(16), aligned(8), may_alias)); /* what every target has in registers */

/* Two rows of w by two of x: K in steps of four, the rest one by one. */
static void tile(const double *x0, const double *x1, const double *w0, const double *w1, int64_t K, double s[4])
{
    pair a = { 0 }, b = a, c = a, d = a, e = a, f = a, g = a, h = a;
    int64_t k = 0;
    for (; k + 4 <= K; k += 4) {
        const pair p = *(const pair *)(x0 + k), q = *(const pair *)(x1 + k);
        const pair u = *(const pair *)(w0 + k), v = *(const pair *)(w1 + k);
        a += p * u;
        b += p * v;
        c += q * u;
        d += q * v;
        const pair p2 = *(const pair *)(x0 + k + 2), q2 = *(const pair *)(x1 + k + 2);
        const pair u2 = *(const pair *)(w0 + k + 2), v2 = *(const pair *)(w1 + k + 2);
        e += p2 * u2;
        f += p2 * v2;
        g += q2 * u2;
        h += q2 * v2;
    }
    s[0] = (a[0] + a[1]) + (e[0] + e[1]);
    s[1] = (b[0] + b[1]) + (f[0] + f[1]);
    s[2] = (c[0] + c[1]) + (g[0] + g[1]);
    s[3] = (d[0] + d[1]) + (h[0] + h[1]);
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
        const int64_t two = n + 1 < n1; /* an odd last row stands in for itself */
        double *w0 = rows, *w1 = rows + two * K;
        info->decode(w0, (const char *)w->data + n * row, K);
        if (two)
            info->decode(w1, (const char *)w->data + (n + 1) * row, K);
        for (int64_t t = 0; t < T; t += 2) {
            const int64_t more = t + 1 < T;
            double s[4];
            tile(x + t * K, x + (t + more) * K, w0, w1, K, s);
            for (int64_t j = 0; j <= two; j++) {
                y[t * N + n + j] = s[j] + (bias ? bias[n + j] : 0);
                if (more)
                    y[(t + 1) * N + n + j] = s[2 + j] + (bias ? bias[n + j] : 0);
            }
        }
    }
    free(rows);
    return true;
}
