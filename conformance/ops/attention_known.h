/* SPDX-License-Identifier: MIT
 * attention_known.h - known answers of the oracle, computed outside this project in float64 NumPy. */
#ifndef ASSAY_ATTENTION_KNOWN_H
#define ASSAY_ATTENTION_KNOWN_H
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include "assay/params/attention.h"
#include <math.h>
#include <string.h>

/* operands by index: 0 q, 1 k, 2 v, 3 mask, 4 slopes, 5 sinks, 6 qpos, 7 kpos, 8 len, 9 pages, 10 allow, 11 o */
typedef struct known_call {
    int64_t dim[10]; /* B T S H G D E P X Y */
    void *operand[12];
    assay_attention_params params;
} known_call;

static void known_run(known_call *c)
{
    void *before[12] = { 0 };
    const assay_dense a = { c->operand, before, c->dim, &c->params };
    assay_op_find("attention")->oracle(&a);
}

static bool known_near(const double *got, const double *want, int n, const char *what, assay_why *why)
{
    for (int i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= 1e-12 * fmax(1, fabs(want[i])))) {
            assay_fail(why, ASSAY_ERR_PARAM, "attention %s: element %d is %.15g, known %.15g", what, i, got[i],
                       want[i]);
            return false;
        }
    return true;
}

/* Weights p of one query whose scores are given: q = 1, k = scores, D = 1, v = unit vectors. */
static bool known_weights(known_call *c, int n, const double *scores, const double *want, const char *what,
                          assay_why *why)
{
    double q = 1, k[8], v[64] = { 0 }, o[8];
    for (int i = 0; i < n; i++)
        k[i] = scores[i], v[i * n + i] = 1;
    const int64_t dim[10] = { 1, 1, n, 1, 1, 1, n, 1, 1, 1 };
    memcpy(c->dim, dim, sizeof dim);
    c->operand[0] = &q, c->operand[1] = k, c->operand[2] = v, c->operand[11] = o;
    known_run(c);
    return known_near(o, want, n, what, why);
}

/* Visible keys of T queries, as a string of digits per query: v = powers of two over equal weights. */
static bool known_visible(known_call *c, int T, int S, const char *const *want, const char *what, assay_why *why)
{
    double q[8] = { 0 }, k[8] = { 0 }, v[64] = { 0 }, o[64], g[64] = { 0 };
    for (int j = 0; j < S; j++)
        v[j * S + j] = 1;
    const int64_t dim[10] = { 1, T, S, 1, 1, 1, S, 1, c->dim[8], c->dim[9] };
    memcpy(c->dim, dim, sizeof dim);
    c->operand[0] = q, c->operand[1] = k, c->operand[2] = v, c->operand[11] = o;
    known_run(c);
    for (int t = 0; t < T; t++)
        for (const char *s = want[t]; *s; s++)
            g[t * S + (*s - '0')] = 1.0 / (double)strlen(want[t]);
    return known_near(o, g, T * S, what, why);
}

static bool known_a1(assay_why *why)
{
    double q[] = { 1, 0, 0.5, -1 }, k[] = { 1, 2, -1, 0.5, 0, 1 }, v[] = { 1, -2, 2, 0.5, 4, 3 }, o[4];
    const double want[] = { 1.992015474267, -0.2299498386853, 2.480281630255, 0.7755280567281 };
    known_call c = { .dim = { 1, 2, 3, 1, 1, 2, 2, 1 }, .operand = { q, k, v, [11] = o } };
    known_run(&c);
    return known_near(o, want, 4, "A1", why);
}

/* H = 6 heads on G = 2: head h must answer with kv head h / 3. */
static bool known_a2(assay_why *why)
{
    double q[6] = { 0 }, k[2] = { 0 }, v[2] = { 10, 20 }, o[6];
    const double want[] = { 10, 10, 10, 20, 20, 20 };
    known_call c = { .dim = { 1, 1, 1, 6, 2, 1, 1, 1 }, .operand = { q, k, v, [11] = o } };
    known_run(&c);
    return known_near(o, want, 6, "A2", why);
}

static bool known_scores(assay_why *why)
{
    double open[] = { 0, -INFINITY, 0 }, add[] = { 0.25, -1, 0 }, cut[] = { 0, 0, -INFINITY }, bias[] = { 0, -1, 0.5 };
    double sink = 0.5, shut[] = { -INFINITY, -INFINITY };
    const double s4n[] = { 0.5, NAN, -0.5 }; /* under a mask: nobody may know */
    const double s4[] = { 0.5, 1, -0.5 }, s5[] = { 1, 3, 5 }, s6[] = { 1, 2 }, none[] = { 0, 0 };
    const double p4[] = { 0.73105857863, 0, 0.26894142137 },
                 p4b[] = { 0.5685464148511, 0.2685623100565, 0.1628912750925 };
    const double p5[] = { 0.2919231205516, 0.7080768794484, 0 },
                 p5b[] = { 0.1515370187029, 0.1352185199011, 0.713244461396 };
    const double p6[] = { 0.2312238976221, 0.6285317192118 };
    const double near1[] = { 1 / (1 + exp(0.5 * (tanh(6) - tanh(2)))), 1 / (1 + exp(0.5 * (tanh(2) - tanh(6)))) };
    const double s13[] = { 1, 3 };
    return known_weights(&(known_call){ .operand = { [3] = open } }, 3, s4, p4, "A4 boolean", why) &&
           known_weights(&(known_call){ .operand = { [3] = open } }, 3, s4n, p4, "NaN under a mask", why) &&
           known_weights(&(known_call){ .params = { .softcap = 0.5f } }, 2, s13, near1, "softcap 0.5", why) &&
           known_weights(&(known_call){ .operand = { [3] = add } }, 3, s4, p4b, "A4 additive", why) &&
           known_weights(&(known_call){ .operand = { [3] = cut }, .params = { .softcap = 2 } }, 3, s5, p5, "A5", why) &&
           known_weights(&(known_call){ .operand = { [3] = bias }, .params = { .softcap = 2 } }, 3, s5, p5b, "A5 bias",
                         why) &&
           known_weights(&(known_call){ .operand = { [5] = &sink } }, 2, s6, p6, "A6", why) &&
           known_weights(&(known_call){ .operand = { [3] = shut, [5] = &sink } }, 2, s6, none, "A6 masked", why) &&
           known_weights(&(known_call){ .operand = { [3] = shut } }, 2, s6, none, "A7", why);
}

static bool known_positions(assay_why *why)
{
    static const char *const causal[] = { "0", "01", "012", "0123", "01234", "012345" };
    static const char *const w2[] = { "0", "01", "12", "23", "34", "45" };
    static const char *const both[] = { "01", "012", "123", "234", "345", "45" };
    static const char *const prefix[] = { "012", "012", "012", "0123", "01234", "012345" };
    static const char *const chunks[] = { "0", "01", "2", "23", "4", "45" };
    static const char *const lopsided[] = { "012", "0123", "1234", "2345", "345", "45" }; /* 1 before, 2 behind it */
    static const char *const tiles[] = { "01", "01", "0123", "0123", "45", "45" };
    static const char *const right[] = { "0123", "01234" }, *const early[] = { "", "", "0", "01" };
    static const char *const w1[] = { "0", "1", "2" }, *const ring[] = { "0123", "023" }, *const gap[] = { "023" };
    double layout[] = { 1, 0, 0, -1, 1, 0, 0, 0, 64 }, newest = 9, holes[] = { 8, -1, 6, 7 };
    double slots[] = { 8, 9, 6, 7 }, at[] = { 9, 8 };
    return known_visible(&(known_call){ .params = { .causal = 1 } }, 6, 6, causal, "A3 causal", why) &&
           known_visible(&(known_call){ .params = { .causal = 1, .window = 2 } }, 6, 6, w2, "A3 window", why) &&
           known_visible(&(known_call){ .params = { .causal = 1, .window = 1 } }, 3, 3, w1, "window 1", why) &&
           known_visible(&(known_call){ .operand = { [6] = &newest, [7] = holes } }, 1, 4, gap, "empty slot", why) &&
           known_visible(&(known_call){ .params = { .window = 2 } }, 6, 6, both, "A3 both sides", why) &&
           known_visible(&(known_call){ .params = { .causal = 1, .prefix = 3 } }, 6, 6, prefix, "A3 prefix", why) &&
           known_visible(&(known_call){ .params = { .causal = 1, .chunk = 2 } }, 6, 6, chunks, "A3 chunked", why) &&
           known_visible(&(known_call){ .params = { .window = 2, .right = 3 } }, 6, 6, lopsided, "A3 window (1,2)",
                         why) &&
           known_visible(&(known_call){ .params = { .right = 1 } }, 6, 6, causal, "A3 window (-1,0)", why) &&
           known_visible(
               &(known_call){ .dim = { [8] = 3, [9] = 3 }, .operand = { [10] = layout }, .params = { .tile = 2 } }, 6,
               6, tiles, "A15", why) &&
           known_visible(&(known_call){ .params = { .causal = 1 } }, 2, 5, right, "A12", why) &&
           known_visible(&(known_call){ .params = { .causal = 1 } }, 4, 2, early, "A12 early rows", why) &&
           known_visible(&(known_call){ .operand = { [6] = at, [7] = slots }, .params = { .causal = 1, .window = 4 } },
                         2, 4, ring, "A11", why);
}

/* Table [7,2,5] of pages of 4: keys 0, 3, 4, 9, 11 lie in rows 28, 31, 8, 21, 23. */
static bool known_pages(assay_why *why)
{
    static const int keys[] = { 0, 3, 4, 9, 11 }, rows[] = { 28, 31, 8, 21, 23 };
    double q = 1, k[32] = { 0 }, v[32], mask[32], table[] = { 7, 2, 5 }, o, len = 12;
    for (int i = 0; i < 5; i++) {
        for (int j = 0; j < 32; j++)
            v[j] = j, mask[j] = j == keys[i] ? 0 : -INFINITY;
        known_call c = { .dim = { 1, 1, 32, 1, 1, 1, 1, 3 },
                         .operand = { &q, k, v, mask, [8] = &len, [9] = table, [11] = &o },
                         .params = { .page = 4 } };
        known_run(&c);
        const double want = rows[i];
        if (!known_near(&o, &want, 1, "A10", why))
            return false;
    }
    return true;
}

/* Head 0: a sink whose exponential overflows unless it is part of the maximum; head 1: one below the only score. */
static bool known_sinks(assay_why *why)
{
    double q[] = { 0, 0 }, k = 0, v = 1e308, sinks[] = { 712, -3 }, o[2];
    const double want[] = { exp(-712) * 1e308, 1e308 / (1 + exp(-3)) };
    known_call c = { .dim = { 1, 1, 1, 2, 1, 1, 1, 1 }, .operand = { q, &k, &v, [5] = sinks, [11] = o } };
    known_run(&c);
    return known_near(o, want, 2, "sinks", why);
}

static bool attention_known(assay_why *why)
{
    return known_a1(why) && known_a2(why) && known_scores(why) && known_positions(why) && known_pages(why) &&
           known_sinks(why);
}
#endif
