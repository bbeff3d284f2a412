/* SPDX-License-Identifier: MIT
 * sample_known.h - known answers of the oracle and of verify(). */
#ifndef ASSAY_SAMPLE_KNOWN_H
#define ASSAY_SAMPLE_KNOWN_H
#include "../../reference/core/rng.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include "../../reference/core/suite.h"
#include "assay/params/sample.h"
#include <math.h>
#include <string.h>

enum { ROWS = 4096, MOST = 8 };

/* The ids of n rows of the same logits. */
static void draw(const assay_sample_params *p, const double *z, int64_t V, int64_t n, double *id)
{
    static double rows_of[ROWS * MOST];
    void *operand[2] = { rows_of, id }, *before[2] = { NULL };
    const int64_t dim[2] = { n, V };
    const assay_dense a = { operand, before, dim, p };
    for (int64_t i = 0; i < n; i++)
        memcpy(rows_of + i * V, z, (size_t)V * sizeof *z);
    assay_op_find("sample")->oracle(&a);
}

/* Random123's known answers, and one worked out outside this project */
static bool philox(assay_why *why)
{
    static const uint32_t answers[][10] = {
        { 0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 },
        { ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd },
        { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420,
          0x24126ea1 },
        { 1, 0, 0, 0, 42, 0, 0xfcdb2127, 0x53ba6cfd, 0x838f5a6e, 0x744e06fb },
    };
    for (size_t i = 0; i < ASSAY_COUNT_OF(answers); i++) {
        uint32_t out[4];
        assay_philox4x32(answers[i], answers[i] + 4, out);
        if (memcmp(out, answers[i] + 6, sizeof out)) {
            assay_fail(why, ASSAY_ERR_ARG, "sample: known answer %d of Philox4x32-10 does not come out", (int)i);
            return false;
        }
    }
    return true;
}

/* Which ids stay (T3, T4, T10): over 4096 rows each of them must come, and no other. */
static bool kept(assay_why *why)
{
    static const struct {
        const char *what;
        double z[5];
        int64_t V;
        assay_sample_params p;
        unsigned kept;
    } answers[] = {
        { "T3 k=2", { 1, 3, 2, 2, 0 }, 5, { 1, 0, 1, 0, 2 }, 1 << 1 | 1 << 2 },
        { "T4 p=.6", { -1, -2, -3, -3 }, 4, { 1, 0, 1.44269504f, 0.6f, 0 }, 3 },
        { "T4 p=.76", { -1, -2, -3, -3 }, 4, { 1, 0, 1.44269504f, 0.76f, 0 }, 7 },
        { "T4 p=.05", { -1, -2, -3, -3 }, 4, { 1, 0, 1.44269504f, 0.05f, 0 }, 1 },
        { "T10 temperature first", { 3, 2, 1, 0 }, 4, { 1, 0, 2, 0.8f, 0 }, 7 },
        { "k=0 is off", { 0, 0, 0, 0 }, 4, { 1, 0, 1, 0, 0 }, 15 },
        { "p=0 is off", { 0, 0, 0 }, 3, { 1, 0, 1, 0, 3 }, 7 },
        { "greedy, first of ties", { 0, 2, 1, 2, 1 }, 5, { 1, 0, 0, 0, 0 }, 2 },
        { "p after k, of what k left", { 0, 0, 0, 0 }, 4, { 1, 0, 1, 0.5f, 2 }, 1 },
    };
    static double id[ROWS];
    for (size_t i = 0; i < ASSAY_COUNT_OF(answers); i++) {
        unsigned seen = 0;
        draw(&answers[i].p, answers[i].z, answers[i].V, ROWS, id);
        for (int r = 0; r < ROWS; r++)
            seen |= id[r] >= 0 && id[r] < 8 ? 1u << (int)id[r] : 1u << 31;
        if (seen != answers[i].kept) {
            assay_fail(why, ASSAY_ERR_ARG, "sample: %s: ids drawn %#x, known %#x", answers[i].what, seen,
                       answers[i].kept);
            return false;
        }
    }
    return true;
}

/* Rows with one right answer: none (-1) where a NaN, +inf or nothing finite is; the only id that is left; the first of
 * the largest.  The second of two equal rows, so that u is 0 in the last line; NaN before and -inf
 * behind. */
static bool single(assay_why *why)
{
    static const double no = -INFINITY;
    static const struct {
        double z[4];
        float temp;
        int64_t step;
        int id;
    } answers[] = {
        { { 1, NAN, 2, 0 }, 1, 0, -1 },      { { NAN, 1, 2, 0 }, 1, 0, -1 },      { { 0, 1, 2, NAN }, 0, 0, -1 },
        { { 1, INFINITY, 0, 0 }, 1, 0, -1 }, { { INFINITY, 2, 1, 0 }, 0, 0, -1 }, { { 0, 1, 2, INFINITY }, 1, 0, -1 },
        { { no, no, no, no }, 1, 0, -1 },    { { no, no, no, no }, 0, 0, -1 },    { { no, 800, no, no }, 1, 0, 1 },
        { { 3, no, no, no }, 1, 0, 0 },      { { no, no, no, 3 }, 1, 0, 3 },      { { 3, no, no, no }, 0, 0, 0 },
        { { 5, 5, 1, 1 }, 0, 0, 0 },         { { 1, 2, 5, 0 }, 0, 0, 2 },         { { -5, -1, -2, -3 }, 0, 0, 1 },
        { { no, 0, 0, 0 }, 1, 13613258, 1 },
    };
    for (size_t i = 0; i < ASSAY_COUNT_OF(answers); i++) {
        double z[10] = { NAN, [9] = no }, id[2] = { 7, 7 };
        const assay_sample_params p = { .key = 77, .step = answers[i].step, .temp = answers[i].temp };
        memcpy(z + 1, answers[i].z, sizeof answers[i].z), memcpy(z + 5, answers[i].z, sizeof answers[i].z);
        assay_op_find("sample")->oracle(
            &(assay_dense){ (void *[]){ z + 1, id }, (void *[]){ NULL, NULL }, (const int64_t[]){ 2, 4 }, &p });
        if (id[1] != answers[i].id || (answers[i].step == 0 && id[0] != answers[i].id)) {
            assay_fail(why, ASSAY_ERR_ARG, "sample: single answer %d is %g, known %d", (int)i, id[1], answers[i].id);
            return false;
        }
    }
    return true;
}

/* verify() takes the reference's id and, but for an edge within the bound (1e-6 wide), no other. */
static bool no_other(assay_why *why)
{
    static const assay_contract strict;
    assay_rng g = { 17, 0, 0 };
    int let = 0;
    for (int run = 0; run < 300; run++) {
        const int64_t V = 1 + assay_rng_below(&g, MOST);
        assay_sample_params p = { .key = assay_rng_below(&g, 1 << 30) << 8 };
        p.step = assay_rng_below(&g, 1 << 30) << 8;
        p.temp = (float)(0.3 + 2 * assay_rng_uniform(&g));
        p.top_p = run % 2 ? (float)assay_rng_uniform(&g) : 0;
        p.top_k = run % 3 ? (int32_t)assay_rng_below(&g, V) : 0;
        double z[MOST] = { 0 }, id = -1;
        for (int64_t i = 0; i < V; i++)
            z[i] = run % 5 ? (double)(float)assay_rng_normal(&g) : (double)assay_rng_below(&g, 3);
        draw(&p, z, V, 1, &id);
        for (int64_t other = 0; other < V; other++) {
            double got = (double)other;
            const assay_dense a = { (void *[]){ z, &id }, (void *[]){ NULL, NULL }, (const int64_t[]){ 1, V }, &p };
            const bool ok = assay_op_find("sample")->verify(&a, (void *[]){ NULL, &got }, &strict, NULL);
            let += ok && got != id;
            if (!ok && got == id)
                return assay_fail(why, ASSAY_ERR_ARG, "sample: run %d: verify() refuses the reference's id %g", run,
                                  id) == ASSAY_OK;
        }
    }
    return let <= 2 ||
           assay_fail(why, ASSAY_ERR_ARG, "sample: verify() lets %d wrong ids of 300 rows through", let) == ASSAY_OK;
}

static bool sample_known(assay_why *why)
{
    return philox(why) && kept(why) && single(why) && no_other(why);
}
#endif
