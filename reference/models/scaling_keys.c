/* SPDX-License-Identifier: MIT
 * What a model says of rope's scaling: GGUF's keys (llama.cpp's llama-model.cpp and llama-context.cpp) and
 * config.json's rope_scaling (transformers' modeling_rope_utils.py).  ggml itself multiplies by yarn's 0.1 ln s + 1,
 * and llama.cpp divides by it before: what is left is that, once, times attn_factor. */
#include "../core/dtype.h"
#include "../core/status.h"
#include "../core/tensor.h"
#include "decoder.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A factor without a type is linear scaling, as the field reads it; rope.scale_linear is the factor's old name.
 * LongRoPE in GGUF is two tensors; which is used depends on how long a session may become, by llama.cpp's rule. */
static assay_status read_kind(assay_model *m, assay_scaling *r, assay_why *why)
{
    static const assay_scaling_kind known[] = { ASSAY_SCALING_NONE, ASSAY_SCALING_LINEAR, ASSAY_SCALING_YARN,
                                                ASSAY_SCALING_LLAMA3, ASSAY_SCALING_LONGROPE };
    const size_t n = m->hf ? sizeof known / sizeof *known : 3;
    assay_span kind = { "linear", 6 };
    double factor = 0, old = 0;
    assay_status s = assay_model_text(m, "rope.scaling.type|rope_scaling.rope_type|rope_scaling.type", &kind, why);
    if (!s)
        s = assay_model_real(m, "rope.scaling.factor|rope_scaling.factor", false, 0, 1e6, &factor, why);
    if (!s)
        s = assay_model_real(m, "rope.scale_linear", false, 0, 1e6, &old, why);
    if (s)
        return s;
    if (assay_span_is(kind, "default"))
        kind = (assay_span){ "none", 4 };
    if (m->hf && assay_span_is(kind, "su")) /* what the first files call it */
        kind = (assay_span){ "longrope", 8 };
    size_t i = 0;
    while (i < n && !assay_span_is(kind, assay_scaling_name(known[i])))
        i++;
    if (i == n)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: rope scaling of type '%.*s' is not known; %s are", m->label,
                          kind.n < 40 ? (int)kind.n : 40, kind.at,
                          m->hf ? "default, linear, yarn, llama3 and longrope" : "none, linear and yarn");
    const assay_pair is = assay_two(factor, old);
    if (factor > 0 && old > 0 && factor != old)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: rope.scaling.factor is %s, rope.scale_linear %s: which is it?",
                          m->label, is.a, is.b);
    r->kind = known[i];
    r->factor = factor > 0 ? factor : old > 0 ? old : 1;
    return ASSAY_OK;
}

/* Of LongRoPE's two lists the long one where a run may go beyond what the model was trained on (llama.cpp's rule, by
 * the context that it is given; transformers' by the text so far, so that what was written changes when it grows). */
static bool goes_on(assay_model *m, const assay_turn *t, int64_t context)
{
    m->by_length = true;
    return (double)(m->longest ? m->longest : context) > t->scaling.original;
}

/* ggml's divisors of the frequencies, in double: LLaMA 3.1's one list, or LongRoPE's two. */
static assay_status divisors(assay_model *m, int64_t context, assay_turn *t, assay_why *why)
{
    const int64_t n = t->rotary / 2;
    assay_tensor x, other;
    assay_status s = ASSAY_OK;
    const char *name = "rope_freqs.weight", *unused = NULL;
    if (!m->hf && assay_model_has(m, "rope_factors_long.weight")) {
        const bool longer = goes_on(m, t, context);
        name = longer ? "rope_factors_long.weight" : "rope_factors_short.weight";
        unused = longer ? "rope_factors_short.weight" : "rope_factors_long.weight";
        s = assay_model_weight(m, unused, 1, &n, &other, why);
    }
    if (!unused && (m->hf || !assay_model_has(m, name)))
        return ASSAY_OK;
    if (!s)
        s = assay_model_weight(m, name, 1, &n, &x, why);
    if (s)
        return s;
    if (x.type != ASSAY_f32)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: tensor '%s' is %s; f32 is known", m->label, name,
                          assay_dtype_of(x.type)->name);
    t->divisor = assay_room((size_t)n, sizeof *t->divisor);
    assay_tensor_decode(t->divisor, &x);
    return ASSAY_OK;
}

static assay_status long_list(assay_model *m, assay_turn *t, int64_t context, assay_why *why)
{
    double other[4096];
    size_t n = 0, k = 0;
    t->divisor = assay_zeros(4096, sizeof *t->divisor);
    const bool longer = goes_on(m, t, context);
    assay_status s = assay_model_reals(m, "rope_scaling.long_factor", longer ? t->divisor : other, 4096, &n, why);
    if (!s)
        s = assay_model_reals(m, "rope_scaling.short_factor", longer ? other : t->divisor, 4096, &k, why);
    if (!s && ((int64_t)n != t->rotary / 2 || k != n))
        s = assay_fail(why, ASSAY_ERR_FORMAT,
                       "%s: rope_scaling has %zu long and %zu short factors, %" PRId64 " pairs turn", m->label, n, k,
                       t->rotary / 2);
    t->scaling.length = (double)context;
    return s;
}

/* config.json's factor of sine and cosine stands in place of the kind's own. */
static assay_status in_place(assay_turn *t, double given, assay_why *why)
{
    assay_scaling one = t->scaling;
    assay_scaled by = { 1, 1 };
    double f, divisor = 1;
    one.R = 2, one.base = t->base, one.divisor = &divisor;
    const assay_status s = assay_scaling_fill(&one, &f, &by, why);
    t->scaling.attention = given / by.m;
    return s;
}

assay_status assay_turn_read(assay_model *m, int64_t context, assay_turn *t, assay_why *why)
{
    double mixed = -1, given = 0;
    int64_t original = context;
    assay_scaling *r = &t->scaling;
    *r = (assay_scaling){ .whole = true };
    const struct {
        const char *key;
        double lo, *out;
    } reals[] = {
        { "rope.scaling.yarn_beta_fast|rope_scaling.beta_fast", 1e-6, &r->beta_fast },
        { "rope.scaling.yarn_beta_slow|rope_scaling.beta_slow", 1e-6, &r->beta_slow },
        { "rope.scaling.attn_factor", 1e-6, &r->attention },
        { "rope.scaling.yarn_ext_factor", -1, &mixed },
        { "rope_scaling.low_freq_factor", 1e-6, &r->low },
        { "rope_scaling.high_freq_factor", 1e-6, &r->high },
        { "rope_scaling.attention_factor", 1e-6, &given },
        { "rope_scaling.mscale", 0, &r->mscale },
        { "rope_scaling.mscale_all_dim", 0, &r->mscale_all },
    };
    assay_status s = read_kind(m, r, why);
    if (!s)
        s = assay_model_int(m,
                            "rope.scaling.original_context_length|rope_scaling.original_max_position_embeddings|"
                            "original_max_position_embeddings",
                            false, 0, INT32_MAX, &original, why);
    r->original = (double)original;
    for (size_t i = 0; i < sizeof reals / sizeof *reals && !s; i++)
        s = assay_model_real(m, reals[i].key, false, reals[i].lo, 1e9, reals[i].out, why);
    if (!s)
        s = assay_model_truth(m, "rope_scaling.truncate", &r->whole, why);
    const double usual = r->kind == ASSAY_SCALING_YARN; /* of yarn_ext_factor: all of the mixture, or nothing */
    if (!s && mixed >= 0 && mixed != usual)
        return assay_fail(
            why, ASSAY_UNSUPPORTED,
            "%s: key '%s.rope.scaling.yarn_ext_factor' is %.9g: with rope scaling of type %s only %.9g is "
            "known",
            m->label, m->arch, mixed, assay_scaling_name(r->kind), usual);
    if (!s)
        s = r->kind == ASSAY_SCALING_LONGROPE ? long_list(m, t, context, why) : divisors(m, context, t, why);
    return !s && given > 0 ? in_place(t, given, why) : s;
}
