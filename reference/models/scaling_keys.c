/* SPDX-License-Identifier: MIT
 * What a GGUF file of the llama architecture says of rope's scaling (llama.cpp's llama-model.cpp and
 * llama-context.cpp). ggml itself multiplies by yarn's 0.1 ln s + 1, and llama.cpp divides by it before: what is left
 * is that, once, times attn_factor. */
#include "scaling.h"
#include "../core/status.h"

/* A factor without a type is linear scaling, as the field reads it; rope.scale_linear is the factor's old name.
 * LongRoPE has two lists of divisors, and which is used depends on how long a session may become: not known here. */
static assay_status read_kind(const assay_gguf *f, assay_scaling *r, assay_why *why)
{
    static const assay_scaling_kind known[] = { ASSAY_SCALING_NONE, ASSAY_SCALING_LINEAR, ASSAY_SCALING_YARN };
    assay_span kind = { "linear", 6 };
    double factor = 0, old = 0;
    assay_status s = assay_gguf_text(f, "llama.rope.scaling.type", false, &kind, why);
    if (!s)
        s = assay_gguf_real(f, "llama.rope.scaling.factor", false, 0, 1e6, &factor, why);
    if (!s)
        s = assay_gguf_real(f, "llama.rope.scale_linear", false, 0, 1e6, &old, why);
    if (s)
        return s;
    size_t i = 0;
    while (i < sizeof known / sizeof *known && !assay_span_is(kind, assay_scaling_name(known[i])))
        i++;
    if (i == sizeof known / sizeof *known)
        return assay_fail(why, ASSAY_UNSUPPORTED,
                          "%s: rope scaling of type '%.*s' is not known; none, linear and yarn are", f->label,
                          kind.n < 40 ? (int)kind.n : 40, kind.at);
    const assay_pair is = assay_two(factor, old);
    if (factor > 0 && old > 0 && factor != old)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: rope.scaling.factor is %s, rope.scale_linear %s: which is it?",
                          f->label, is.a, is.b);
    r->kind = known[i];
    r->factor = factor > 0 ? factor : old > 0 ? old : 1;
    return ASSAY_OK;
}

assay_status assay_scaling_read(const assay_gguf *f, int64_t context, assay_scaling *r, assay_why *why)
{
    double mixed = -1;
    *r = (assay_scaling){ .whole = true };
    const struct {
        const char *key;
        double lo, *out;
    } reals[] = {
        { "llama.rope.scaling.yarn_beta_fast", 1e-6, &r->beta_fast },
        { "llama.rope.scaling.yarn_beta_slow", 1e-6, &r->beta_slow },
        { "llama.rope.scaling.attn_factor", 1e-6, &r->attention },
        { "llama.rope.scaling.yarn_ext_factor", -1, &mixed },
    };
    assay_status s = read_kind(f, r, why);
    if (!s)
        s = assay_gguf_int(f, "llama.rope.scaling.original_context_length", false, 0, INT32_MAX, &context, why);
    r->original = (double)context;
    for (size_t i = 0; i < sizeof reals / sizeof *reals && !s; i++)
        s = assay_gguf_real(f, reals[i].key, false, reals[i].lo, 1e9, reals[i].out, why);
    const double usual = r->kind == ASSAY_SCALING_YARN; /* of yarn_ext_factor: all of the mixture, or nothing */
    if (!s && mixed >= 0 && mixed != usual)
        return assay_fail(
            why, ASSAY_UNSUPPORTED,
            "%s: key 'llama.rope.scaling.yarn_ext_factor' is %.9g: with rope scaling of type %s only %.9g is "
            "known",
            f->label, mixed, assay_scaling_name(r->kind), usual);
    return s;
}
