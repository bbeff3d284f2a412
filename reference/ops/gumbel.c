/* SPDX-License-Identifier: MIT
 * gumbel: one token id per row of logits z, the lowest with the largest z / temp - ln(-ln u), which has the chances of
 * softmax(z / temp): Gumbel-max (Gumbel 1954; Maddison, Tarlow, Minka 2014).  temp = 0: the lowest of the largest z.
 * u of id i in row r: (2 (x >> 9) + 1) 2^-24, inside (0, 1) and exact in f32, x = word i % 4 of
 * Philox4x32-10(counter i / 4, r, step; key).  Ids at -inf are never drawn.  A row with a NaN or +inf, or without any
 * finite logit, has no answer: id -1. */
#include "assay/params/gumbel.h"
#include "../core/rng.h"
#include "ref.h"

/* Of the ids 4 block .. 4 block + 3. */
static void random_words(const assay_gumbel_params *p, int64_t row, int64_t block, uint32_t word[4])
{
    const uint64_t step = (uint64_t)p->step, key = (uint64_t)p->key;
    const uint32_t counter[4] = { (uint32_t)block, (uint32_t)row, (uint32_t)step, (uint32_t)(step >> 32) };
    const uint32_t k[2] = { (uint32_t)key, (uint32_t)(key >> 32) };
    assay_philox4x32(counter, k, word);
}

static real noise(uint32_t x)
{
    const real u = (real)(2 * (x >> 9) + 1) * (real)0x1p-24;
    return -log(-log(u));
}

static int64_t draw(const assay_gumbel_params *p, int64_t row, const real *z, int64_t V)
{
    int64_t best = -1;
    real most = -INFINITY;
    uint32_t word[4];

    for (int64_t i = 0; i < V; i++) {
        if (isnan(z[i]) || z[i] == INFINITY)
            return -1;
        if (i % 4 == 0)
            random_words(p, row, i / 4, word);
        const real score = p->temp > 0 ? z[i] / p->temp + noise(word[i % 4]) : z[i];
        if (score > most)
            best = i, most = score;
    }
    return best;
}

REFERENCE(gumbel)
{
    const int64_t R = a->dim[0], V = a->dim[1];
    const real *z = a->operand[0]; /* (R,V) */
    real *id = a->operand[1];      /* (R)   */

    for (int64_t r = 0; r < R; r++)
        id[r] = (real)draw(a->params, r, z + r * V, V);
}
