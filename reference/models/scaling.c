/* SPDX-License-Identifier: MIT
 * The names of the kinds are those of model files; where the peers differ is said at each. */
#include "scaling.h"
#include "../core/status.h"
#include <inttypes.h>
#include <math.h>

enum { MOST_DIMS = 1 << 24 };

/* What each kind needs of its parameters. */
static const struct {
    const char *name;
    bool factor, original, beyond_2; /* beyond_2: an exponent divides by R - 2 */
} kinds[] = {
    [ASSAY_SCALING_NONE] = { "none", false, false, false },
    [ASSAY_SCALING_LINEAR] = { "linear", true, false, false },
    [ASSAY_SCALING_NTK] = { "ntk", true, false, true },
    [ASSAY_SCALING_DYNAMIC] = { "dynamic", true, true, true },
    [ASSAY_SCALING_YARN] = { "yarn", true, true, false },
    [ASSAY_SCALING_LLAMA3] = { "llama3", true, true, false },
    [ASSAY_SCALING_LONGROPE] = { "longrope", false, true, false },
};

const char *assay_scaling_name(assay_scaling_kind kind)
{
    return kinds[kind].name;
}

static double said_or(double x, double usual)
{
    return x != 0 ? x : usual;
}

/* The pair, as a fraction, that makes so many turns within the original context. */
static double pair_of_turns(const assay_scaling *s, double turns)
{
    return (double)s->R * log(s->original / (2 * M_PI * turns)) / (2 * log(said_or(s->base, 10000)));
}

/* Where yarn's ramp begins and ends.  The paper's is linear in turns; all code, and we, in pairs.  It ends at R - 1
 * although pairs end at R/2 - 1, as everywhere. */
static void ramp(const assay_scaling *s, double *from, double *to)
{
    const double fast = pair_of_turns(s, said_or(s->beta_fast, 32)), slow = pair_of_turns(s, said_or(s->beta_slow, 1));
    *from = fmax(s->whole ? floor(fast) : fast, 0);
    *to = fmin(s->whole ? ceil(slow) : slow, (double)s->R - 1);
    if (*to == *from)
        *to += 0.001;
}

/* Of two limits the second must be above the first, and both above 0; yarn's may be equal. */
static assay_status check_order(const char *kind, const char *low, double a, const char *high, double b, bool equal,
                                assay_why *why)
{
    if (a > 0 && isfinite(b) && (a < b || (equal && a == b)))
        return ASSAY_OK;
    return assay_fail(why, ASSAY_ERR_PARAM,
                      "rope scaling %s: %s is %.9g, %s %.9g: above 0, and the second above the first", kind, low, a,
                      high, b);
}

/* A ramp that ends before it begins has all pairs on one side of it: peers then differ, and some mix them wrongly. */
static assay_status check_yarn(const assay_scaling *s, assay_why *why)
{
    double from, to;
    const assay_status bad =
        check_order("yarn", "beta_slow", said_or(s->beta_slow, 1), "beta_fast", said_or(s->beta_fast, 32), true, why);
    if (bad)
        return bad;
    ramp(s, &from, &to);
    if (to < from)
        return assay_fail(
            why, ASSAY_ERR_PARAM,
            "rope scaling yarn: the ramp would begin at pair %.6g and end at %.6g: an original context length "
            "of %.9g does not go with base %.9g",
            from, to, s->original, said_or(s->base, 10000));
    return ASSAY_OK;
}

static assay_status check(const assay_scaling *s, assay_why *why)
{
    const char *kind = kinds[s->kind].name;
    const double base = said_or(s->base, 10000);
    if (s->R < 2 || s->R % 2 || s->R > MOST_DIMS)
        return assay_fail(why, ASSAY_ERR_PARAM,
                          "rope scaling %s: %" PRId64 " rotated elements: must be even, 2 to 2^24", kind, s->R);
    if (kinds[s->kind].beyond_2 && s->R == 2)
        return assay_fail(why, ASSAY_ERR_PARAM,
                          "rope scaling %s: 2 rotated elements: the base is raised to R/(R - 2), so 4 are needed",
                          kind);
    if (!(base > 0) || !isfinite(base) || (s->kind == ASSAY_SCALING_YARN && !(base > 1)))
        return assay_fail(why, ASSAY_ERR_PARAM, "rope scaling %s: base is %.9g: must be a number above %d", kind, base,
                          s->kind == ASSAY_SCALING_YARN);
    if (kinds[s->kind].factor && (!(s->factor >= 1) || !isfinite(s->factor)))
        return assay_fail(why, ASSAY_ERR_PARAM, "rope scaling %s: factor is %.9g: must be a number from 1 on", kind,
                          s->factor);
    if (kinds[s->kind].original && (!(s->original > 1) || !isfinite(s->original)))
        return assay_fail(why, ASSAY_ERR_PARAM,
                          "rope scaling %s: the original context length is %.9g: must be a number above 1", kind,
                          s->original);
    if (s->kind == ASSAY_SCALING_LONGROPE && !s->divisor)
        return assay_fail(why, ASSAY_ERR_PARAM, "rope scaling longrope: no list of %" PRId64 " divisors is given",
                          s->R / 2);
    for (int64_t r = 0; s->divisor && r < s->R / 2; r++)
        if (!(s->divisor[r] > 0) || !isfinite(s->divisor[r]))
            return assay_fail(why, ASSAY_ERR_PARAM,
                              "rope scaling %s: divisor %" PRId64 " of %" PRId64 " is %.9g: must be a number above 0",
                              kind, r, s->R / 2, s->divisor[r]);
    const struct {
        const char *name;
        double x;
    } not_negative[] = { { "length", s->length },
                         { "mscale", s->mscale },
                         { "mscale_all_dim", s->mscale_all },
                         { "the attention factor", s->attention } };
    for (size_t i = 0; i < sizeof not_negative / sizeof *not_negative; i++)
        if (!(not_negative[i].x >= 0) || !isfinite(not_negative[i].x))
            return assay_fail(why, ASSAY_ERR_PARAM, "rope scaling %s: %s is %.9g: must be a number from 0 on", kind,
                              not_negative[i].name, not_negative[i].x);
    if (s->kind == ASSAY_SCALING_YARN)
        return check_yarn(s, why);
    if (s->kind == ASSAY_SCALING_LLAMA3)
        return check_order(kind, "low_freq_factor", said_or(s->low, 1), "high_freq_factor", said_or(s->high, 4), false,
                           why);
    return ASSAY_OK;
}

static double new_base(const assay_scaling *s)
{
    const double R = (double)s->R, L0 = s->original, longest = fmax(s->length, L0);
    const double s_now = s->kind == ASSAY_SCALING_NTK       ? s->factor
                         : s->kind == ASSAY_SCALING_DYNAMIC ? s->factor * longest / L0 - (s->factor - 1)
                                                            : 1;
    return said_or(s->base, 10000) * (s_now == 1 ? 1 : pow(s_now, R / (R - 2)));
}

/* How much of f, not of f / s, pair r keeps: 0 .. 1.  width: its wavelength, in positions. */
static double kept(const assay_scaling *s, double r, double width)
{
    double from, to;
    switch (s->kind) {
    case ASSAY_SCALING_LINEAR:
        return 0;
    case ASSAY_SCALING_YARN:
        ramp(s, &from, &to);
        return 1 - fmin(fmax((r - from) / (to - from), 0), 1);
    case ASSAY_SCALING_LLAMA3:
        from = said_or(s->low, 1), to = said_or(s->high, 4);
        return fmin(fmax((s->original / width - from) / (to - from), 0), 1);
    default:
        return 1;
    }
}

static double mscale(double factor, double by)
{
    return factor > 1 ? 0.1 * by * log(factor) + 1 : 1;
}

assay_status assay_scaling_fill(const assay_scaling *s, double *inv_freq, assay_scaled *out, assay_why *why)
{
    const assay_status bad = check(s, why);
    if (bad)
        return bad;
    const double base = new_base(s);
    for (int64_t r = 0; r < s->R / 2; r++) {
        const double f = pow(base, -2 * (double)r / (double)s->R) / (s->divisor ? s->divisor[r] : 1);
        const double keep = kept(s, (double)r, 2 * M_PI / f);
        inv_freq[r] = keep == 1 ? f : keep == 0 ? f / s->factor : (1 - keep) * (f / s->factor) + keep * f;
    }
    *out = (assay_scaled){ said_or(s->attention, 1), 1 };
    if (s->kind == ASSAY_SCALING_YARN) {
        const bool both = s->mscale > 0 && s->mscale_all > 0;
        out->m *= both ? mscale(s->factor, s->mscale) / mscale(s->factor, s->mscale_all) : mscale(s->factor, 1);
        out->score = s->mscale_all > 0 ? pow(mscale(s->factor, s->mscale_all), 2) : 1;
    }
    if (s->kind == ASSAY_SCALING_LONGROPE && s->length > s->original) /* with either list */
        out->m *= sqrt(1 + log(s->length / s->original) / log(s->original));
    return ASSAY_OK;
}
