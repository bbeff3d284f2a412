/* SPDX-License-Identifier: MIT */
#include "chain.h"
#include "../core/execute.h"
#include "../core/status.h"
#include "assay/params/gumbel.h"
#include "assay/params/penalize.h"
#include "assay/params/sample.h"
#include "assay/params/softmax.h"
#include "assay/params/truncate.h"
#include "lone.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

assay_status assay_chain_begin(assay_chain_run *r, const assay_chain *c, const assay_impl *impl, int64_t V,
                               assay_why *why)
{
    *r = (assay_chain_run){ .c = c, .impl = impl, .V = V, .limit = 2 * c->set[ASSAY_SET_TAU] };
    const assay_status s = assay_chain_check(c, why);
    if (s)
        return s;
    for (int i = 0; i < c->n_bias; i++)
        if (c->bias[i].id >= V)
            return assay_fail(why, ASSAY_ERR_ARG, "--logit-bias %" PRId32 "=%g: token ids are 0 .. %" PRId64,
                              c->bias[i].id, (double)c->bias[i].value, V - 1);
    float *const row[] = { assay_aligned((size_t)V * sizeof(float)), assay_aligned((size_t)V * sizeof(float)),
                           assay_aligned((size_t)V * sizeof(float)), assay_aligned((size_t)V * sizeof(float)) };
    r->z = row[0], r->next = row[1], r->counts = row[2], r->bias = row[3];
    if (!r->z || !r->next || !r->counts || !r->bias) {
        assay_chain_end(r);
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for rows of %" PRId64 " logits", V);
    }
    memset(r->bias, 0, (size_t)V * sizeof *r->bias);
    for (int i = 0; i < c->n_bias; i++)
        r->bias[c->bias[i].id] = c->bias[i].value;
    return ASSAY_OK;
}

void assay_chain_end(assay_chain_run *r)
{
    free(r->z);
    free(r->next);
    free(r->counts);
    free(r->bias);
    r->z = r->next = r->counts = r->bias = NULL;
}

/* How often each token occurs among the last ones. */
static assay_status count(assay_chain_run *r, const int32_t *said, int64_t n, assay_why *why)
{
    const int64_t window = (int64_t)r->c->set[ASSAY_SET_WINDOW];
    memset(r->counts, 0, (size_t)r->V * sizeof *r->counts);
    for (int64_t i = window && window < n ? n - window : 0; i < n; i++) {
        if (said[i] < 0 || said[i] >= r->V)
            return assay_fail(why, ASSAY_ERR_ARG, "token %" PRId64 " so far is %" PRId32 ", not in 0 .. %" PRId64, i,
                              said[i], r->V - 1);
        r->counts[said[i]]++;
    }
    return ASSAY_OK;
}

/* z becomes what the op makes of it, next what it was. */
static assay_status change(assay_chain_run *r, const char *op, const void *params, void *const *operand, assay_why *why)
{
    const int64_t dim[] = { 1, r->V };
    const assay_status s = assay_lone(r->impl, op, dim, params, operand, why);
    float *const was = r->z;
    r->z = r->next, r->next = was;
    return s;
}

static assay_status penalize(assay_chain_run *r, const assay_penalize_params *p, float *bias, assay_why *why)
{
    void *const operand[] = { r->z, r->counts, NULL, bias, r->next };
    return change(r, "penalize", p, operand, why);
}

static assay_status truncate(assay_chain_run *r, const assay_truncate_params *p, assay_why *why)
{
    void *const operand[] = { r->z, r->next };
    return change(r, "truncate", p, operand, why);
}

static assay_status penalties(assay_chain_run *r, assay_why *why)
{
    const double *set = r->c->set;
    const assay_penalize_params p = { .repetition = (float)set[ASSAY_SET_REPETITION],
                                      .frequency = (float)set[ASSAY_SET_FREQUENCY],
                                      .presence = (float)set[ASSAY_SET_PRESENCE] };
    return assay_chain_penalizes(r->c) ? penalize(r, &p, NULL, why) : ASSAY_OK;
}

static assay_status rule(assay_chain_run *r, assay_sampler which, double temp, assay_why *why)
{
    static const struct {
        assay_setting set;
        int32_t rule;
    } rules[] = {
        [ASSAY_CHAIN_TOP_K] = { ASSAY_SET_TOP_K, ASSAY_TOP_K },
        [ASSAY_CHAIN_TYPICAL] = { ASSAY_SET_TYPICAL, ASSAY_TYPICAL },
        [ASSAY_CHAIN_TOP_P] = { ASSAY_SET_TOP_P, ASSAY_TOP_P },
        [ASSAY_CHAIN_MIN_P] = { ASSAY_SET_MIN_P, ASSAY_MIN_P },
    };
    const double x = r->c->set[rules[which].set];
    assay_truncate_params p = { .rule = rules[which].rule, .temp = (float)temp };
    if (!assay_chain_on(r->c, rules[which].set))
        return ASSAY_OK;
    if (p.rule == ASSAY_TOP_K)
        p.k = (int32_t)x;
    else
        p.amount = (float)x;
    return truncate(r, &p, why);
}

static assay_status draw(assay_chain_run *r, double temp, int64_t step, int32_t *id, assay_why *why)
{
    const int64_t dim[] = { 1, r->V }, key = (int64_t)r->c->set[ASSAY_SET_SEED];
    const assay_sample_params inverse = { .key = key, .step = step, .temp = (float)temp };
    const assay_gumbel_params gumbel = { .key = key, .step = step, .temp = (float)temp };
    void *const operand[] = { r->z, id };
    const assay_status s = !(temp > 0)    ? assay_lone(r->impl, "argmax", dim, NULL, operand, why)
                           : r->c->gumbel ? assay_lone(r->impl, "gumbel", dim, &gumbel, operand, why)
                                          : assay_lone(r->impl, "sample", dim, &inverse, operand, why);
    if (!s && (*id < 0 || *id >= r->V || !(r->z[*id] > -INFINITY)))
        return assay_fail(why, ASSAY_ERR_PARAM,
                          "no token can be picked: are logits NaN or infinite, all of them "
                          "-inf by --logit-bias?");
    return s;
}

/* Under Zipf's law p_i = i^-s / sum, whose sum is about (1 - V^-e) / e, e = s - 1, and ln V at e = 0, so -ln p_i is s
 * ln i
 * + ln sum.  s is the slope of ln p by ln i: the least squares of b = ln p_i / p_(i+1) by t = ln (i + 1) / i.  What all
 * p have in common cancels in b, so logits do. */
int64_t assay_mirostat_k(const float *z, int64_t m, int64_t V, double temp, double limit)
{
    const double ln2 = 0.69314718055994530942, ln_V = log((double)V);
    double tb = 0, tt = 0;
    for (int64_t i = 1; i < m && z[i] > -INFINITY; i++) {
        const double t = log((double)(i + 1) / (double)i), b = ((double)z[i - 1] - (double)z[i]) / temp;
        tb += t * b, tt += t * t;
    }
    if (!(tt > 0))
        return 1;
    const double s = tb / tt, e = s - 1;
    const double sum = fabs(e) * ln_V < 1e-9 ? ln_V : -expm1(-e * ln_V) / e, left = limit * ln2 - log(sum);
    if (!(left >= 0)) /* or a logit is none */
        return 1;
    return left >= s * ln_V ? V : (int64_t)exp(left / s);
}

/* z becomes what a limit of surprise leaves.  Algorithm 1: the k likeliest; 2: by each token's own surprise.  Where all
 * surprises are small the limit grows beyond any number, where they are large it falls below 0; truncate takes up to 64
 * bits, and reads 0 as no limit. */
static assay_status limit(assay_chain_run *r, double temp, assay_why *why)
{
    const int64_t m = r->V < ASSAY_MIROSTAT_M ? r->V : ASSAY_MIROSTAT_M, dim[] = { 1, r->V, m };
    assay_truncate_params p = { .rule = ASSAY_TOP_K, .temp = (float)temp };
    float values[ASSAY_MIROSTAT_M] = { 0 };
    int32_t ids[ASSAY_MIROSTAT_M] = { 0 };
    assay_status s = ASSAY_OK;
    if (r->c->set[ASSAY_SET_MIROSTAT] > 1)
        p.rule = ASSAY_SURPRISE, p.amount = (float)fmin(fmax(r->limit, 1e-30), 64);
    else if (!(s = assay_lone(r->impl, "topk", dim, NULL, (void *const[]){ r->z, ids, values }, why)))
        p.k = (int32_t)assay_mirostat_k(values, m, r->V, temp, r->limit);
    return s ? s : truncate(r, &p, why);
}

/* Basu et al. 2020: the surprise of what was drawn is that of the distribution before it was cut, and the limit moves
 * by eta times what it is off tau. */
static assay_status mirostat(assay_chain_run *r, double temp, int64_t step, int32_t *id, assay_why *why)
{
    const double *set = r->c->set, ln2 = 0.69314718055994530942;
    const assay_softmax_params scale = { .scale = (float)(1 / temp) };
    const int64_t dim[] = { 1, r->V };
    assay_status s = limit(r, temp, why);
    if (!s)
        s = draw(r, temp, step, id, why);
    void *const operand[] = { r->next, NULL, r->counts }; /* counts are made anew for each token */
    if (!s)
        s = assay_lone(r->impl, "log_softmax", dim, &scale, operand, why);
    if (s)
        return s;
    const double surprise = -(double)r->counts[*id] / ln2;
    r->limit -= set[ASSAY_SET_ETA] * (surprise - set[ASSAY_SET_TAU]);
    r->surprise += surprise;
    r->drawn++;
    return ASSAY_OK;
}

/* z becomes what the samplers leave; *temp: by what it is to be divided, 0: no draw. */
static assay_status shape(assay_chain_run *r, const assay_tensor *logits, const int32_t *said, int64_t n, double *temp,
                          assay_why *why)
{
    static const assay_penalize_params none = { .repetition = 1 };
    assay_status s = count(r, said, n, why);
    for (int64_t v = 0; v < r->V; v++)
        r->z[v] =
            logits->type == ASSAY_f64 ? (float)((const double *)logits->data)[v] : ((const float *)logits->data)[v];
    if (!s && r->c->n_bias)
        s = penalize(r, &none, r->bias, why);
    for (int i = 0; i < r->c->n_order && !s; i++) {
        const assay_sampler which = r->c->order[i];
        if (which == ASSAY_CHAIN_TEMPERATURE)
            *temp = r->c->set[ASSAY_SET_TEMPERATURE];
        else
            s = which == ASSAY_CHAIN_PENALTIES ? penalties(r, why) : rule(r, which, *temp, why);
    }
    return s;
}

assay_status assay_chain_chances(assay_chain_run *r, const assay_tensor *logits, const int32_t *said, int64_t n,
                                 float *p, assay_why *why)
{
    const int64_t dim[] = { 1, r->V };
    double temp = 0;
    int32_t id = 0;
    assay_status s = shape(r, logits, said, n, &temp, why);
    if (!s && temp > 0) {
        const assay_softmax_params scale = { .scale = (float)(1 / temp) };
        return assay_lone(r->impl, "softmax", dim, &scale, (void *const[]){ r->z, NULL, NULL, p }, why);
    }
    if (!s)
        s = draw(r, 0, 0, &id, why);
    for (int64_t v = 0; v < r->V && !s; v++)
        p[v] = v == id;
    return s;
}

assay_status assay_chain_pick(assay_chain_run *r, const assay_tensor *logits, const int32_t *said, int64_t n,
                              int64_t step, int32_t *id, assay_why *why)
{
    double temp = 0;
    const assay_status s = shape(r, logits, said, n, &temp, why);
    if (s)
        return s;
    return assay_chain_on(r->c, ASSAY_SET_MIROSTAT) ? mirostat(r, temp, step, id, why) : draw(r, temp, step, id, why);
}
