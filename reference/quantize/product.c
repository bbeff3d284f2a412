/* SPDX-License-Identifier: MIT
 * What a product loses by other weights. */
#include "../core/status.h"
#include "methods.h"
#include <stdlib.h>

double assay_product_dot(const double *a, const double *b, int64_t n)
{
    double sum[4] = { 0 }; /* four chains of additions keep a core busy */
    int64_t k = 0;
    for (; k + 4 <= n; k += 4)
        for (int i = 0; i < 4; i++)
            sum[i] += a[k + i] * b[k + i];
    for (; k < n; k++)
        sum[0] += a[k] * b[k];
    return sum[0] + sum[1] + (sum[2] + sum[3]);
}

void assay_gram(const double *x, int64_t tokens, int64_t n, double *h, int threads, const assay_pulse *pulse)
{
    double *column = assay_room((size_t)(tokens * n), sizeof *column);
    for (int64_t t = 0; t < tokens; t++)
        for (int64_t k = 0; k < n; k++)
            column[k * tokens + t] = x[t * n + k];
#pragma omp parallel for num_threads(threads > 1 ? threads : 1) schedule(dynamic)
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i && (j % 256 || assay_goes_on(pulse)); j++)
            h[i * n + j] = h[j * n + i] =
                assay_product_dot(column + i * tokens, column + j * tokens, tokens) / (double)tokens;
    free(column);
}

double assay_product_loss(const double *y, const double *w, const double *x, int64_t tokens, int64_t rows, int64_t n,
                          int threads, const assay_pulse *pulse)
{
    double all = 0, *sum = assay_zeros((size_t)rows, sizeof *sum);
#pragma omp parallel for num_threads(threads > 1 ? threads : 1) schedule(static)
    for (int64_t r = 0; r < rows; r++) {
        double *e = assay_room((size_t)n, sizeof *e);
        for (int64_t k = 0; k < n; k++)
            e[k] = y[r * n + k] - (w ? w[r * n + k] : 0);
        for (int64_t t = 0; t < tokens && (t % 256 || assay_goes_on(pulse)); t++) {
            const double z = assay_product_dot(x + t * n, e, n);
            sum[r] += z * z;
        }
        free(e);
    }
    for (int64_t r = 0; r < rows; r++)
        all += sum[r];
    free(sum);
    return all / (double)(tokens * rows);
}
