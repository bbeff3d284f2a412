/* SPDX-License-Identifier: MIT
 * How, by the value of each element alone: nothing written, a class, a sign, a number, an input left out. */
#include "words.h"
#include "../../reference/core/dtype.h"
#include <math.h>

typedef bool (*is_so)(const assay_scene *s, int64_t i);

static double share(const assay_scene *s, is_so is)
{
    int64_t n = 0;
    for (int64_t i = 0; i < s->n; i++)
        n += s->wrong[i] && is(s, i);
    return (double)n / (double)s->n_wrong;
}

static bool untouched(const assay_scene *s, int64_t i)
{
    return s->poison[i];
}
static bool nan_came(const assay_scene *s, int64_t i)
{
    return isnan(s->got[i]);
}
static bool nan_lost(const assay_scene *s, int64_t i)
{
    return isnan(s->want[i]) && !isnan(s->got[i]);
}
static bool inf_came(const assay_scene *s, int64_t i)
{
    return isinf(s->got[i]) && !isinf(s->want[i]);
}
static bool inf_lost(const assay_scene *s, int64_t i)
{
    return isinf(s->want[i]) && isfinite(s->got[i]);
}
static bool zero_sign(const assay_scene *s, int64_t i)
{
    return s->got[i] == 0 && s->want[i] == 0;
}
static bool zero_came(const assay_scene *s, int64_t i)
{
    return s->got[i] == 0;
}
static bool zero_wanted(const assay_scene *s, int64_t i)
{
    return s->want[i] == 0 && isfinite(s->got[i]);
}
static bool flipped(const assay_scene *s, int64_t i)
{
    return s->got[i] != 0 && assay_accounts(s, i, -s->want[i]);
}

#define HOW_IS(name, is, words)                                                                                        \
    static double name(const assay_scene *s, assay_say *w)                                                             \
    {                                                                                                                  \
        assay_say_add(w, words);                                                                                       \
        return share(s, is);                                                                                           \
    }
HOW_IS(how_untouched, untouched, "never written")
HOW_IS(how_nan_lost, nan_lost, "a number where NaN is wanted")
HOW_IS(how_nan_came, nan_came, "NaN where a number is wanted")
HOW_IS(how_inf_lost, inf_lost, "a finite number where an infinity is wanted")
HOW_IS(how_inf_came, inf_came, "infinite where a finite number is wanted")
HOW_IS(how_zero_sign, zero_sign, "a zero of the other sign")
HOW_IS(how_zero_came, zero_came, "0")
HOW_IS(how_flipped, flipped, "the sign is flipped")
HOW_IS(how_zero_wanted, zero_wanted, "a number where 0 is wanted")

/* ---- one number for all -------------------------------------------------------------------------------------- */

static double how_stuck(const assay_scene *s, assay_say *w)
{
    int64_t first = 0, n = 0;
    while (!s->wrong[first])
        first++;
    for (int64_t i = 0; i < s->n; i++)
        n += s->wrong[i] && s->got[i] == s->got[first];
    assay_say_add(w, "all are %.9g", s->got[first]);
    return s->n_wrong >= 4 ? (double)n / (double)s->n_wrong : 0;
}

static double how_offset(const assay_scene *s, assay_say *w)
{
    int64_t first = 0, n = 0;
    while (!s->wrong[first])
        first++;
    const double d = s->got[first] - s->want[first];
    for (int64_t i = 0; i < s->n; i++)
        n += s->wrong[i] && assay_accounts(s, i, s->want[i] + d);
    const bool step = fabs(d) == 1 && s->p->t[s->operand].type == ASSAY_i32;
    assay_say_add(w, d > 0 ? "%.6g too large" : "%.6g too small", fabs(d));
    return isfinite(d) && s->n_wrong >= (step ? 2 : 4) ? (double)n / (double)s->n_wrong : 0;
}

/* The number next to the right one in the output's type, toward zero or away from it. */
static double how_step(const assay_scene *s, assay_say *w)
{
    const double u = assay_dtype_of(s->p->t[s->operand].type)->u;
    int64_t n = 0, lower = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const double e = fabs(s->got[i]) - fabs(s->want[i]);
        if (!s->wrong[i] || !(fabs(e) <= 2.01 * u * fabs(s->want[i])))
            continue;
        n++;
        lower += e < 0;
    }
    assay_say_add(w, "one step of its type %s",
                  lower == n ? "too small, as if cut off and not rounded"
                  : lower    ? "off"
                             : "too large");
    return u > 0 ? (double)n / (double)s->n_wrong : 0;
}

/* The right number, rounded to a narrower type. */
static double how_narrow(const assay_scene *s, assay_say *w)
{
    static const assay_dtype narrow[] = { ASSAY_f16, ASSAY_bf16 };
    double best = 0;
    for (size_t t = 0; t < sizeof narrow / sizeof *narrow && s->p->t[s->operand].type == ASSAY_f32; t++) {
        const assay_dtype_info *ty = assay_dtype_of(narrow[t]);
        int64_t n = 0;
        for (int64_t i = 0; i < s->n; i++) {
            unsigned char code[8];
            double v;
            ty->encode(code, &s->want[i], 1);
            ty->decode(&v, code, 1);
            n += s->wrong[i] && assay_accounts(s, i, v);
        }
        if (n >= 2 && (double)n / (double)s->n_wrong > best) {
            best = (double)n / (double)s->n_wrong;
            *w = (assay_say){ "", 0 };
            assay_say_add(w, "rounded to %s", ty->name);
        }
    }
    return best;
}

const assay_how assay_hows_value[] = { how_untouched, how_nan_lost,  how_nan_came,  how_inf_lost,
                                       how_inf_came,  how_zero_sign, how_zero_came, how_flipped,
                                       how_step,      how_narrow,    NULL };
/* Weaker ones, for after the indices. */
const assay_how assay_hows_number[] = { how_offset, how_stuck, how_zero_wanted, NULL };
