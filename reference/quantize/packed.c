/* SPDX-License-Identifier: MIT */
#include "packed.h"
#include "../core/dtype.h"
#include "../core/status.h"
#include <inttypes.h>
#include <string.h>

/* Which string a code of output o and input k lies in, and where; strings of zero points go likewise. */
typedef struct layout {
    const char *name;
    bool by_input;   /* a word of qweight holds inputs of one output; else outputs of one input */
    bool down;       /* the words of a string lie in a column */
    bool zeros_by_o; /* a row of qzeros and scales is an output's */
    bool any_bits;   /* 2, 3, 4, 8; else 4 */
    bool less_one;
    uint8_t place[8]; /* of column i in its word */
} layout;

static const layout layouts[] = {
    [ASSAY_PACKED_GEMM] = { "gemm", false, false, false, false, false, { 0, 4, 1, 5, 2, 6, 3, 7 } },
    [ASSAY_PACKED_GEMV] = { "gemv", true, false, true, false, false, { 0, 1, 2, 3, 4, 5, 6, 7 } },
    [ASSAY_PACKED_GPTQ] = { "gptq", true, true, false, true, true, { 0, 1, 2, 3, 4, 5, 6, 7 } },
    [ASSAY_PACKED_GPTQ_V2] = { "gptq_v2", true, true, false, true, false, { 0, 1, 2, 3, 4, 5, 6, 7 } },
};

typedef struct string { /* of codes */
    unsigned char *at;
    int64_t step; /* bytes from word to word */
    int bits;
    const uint8_t *place;
} string;

const char *assay_packed_name(assay_packed_layout l)
{
    return layouts[l].name;
}

bool assay_packed_is_gptq(assay_packed_layout l)
{
    return layouts[l].any_bits;
}

static uint32_t word_at(const string *s, int64_t w)
{
    const unsigned char *p = s->at + w * s->step;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int get(const string *s, int64_t i)
{
    const int64_t bit = (i / 8 * 8 + s->place[i % 8]) * s->bits;
    const int from = (int)(bit % 32);
    uint64_t x = word_at(s, bit / 32);
    if (from + s->bits > 32)
        x |= (uint64_t)word_at(s, bit / 32 + 1) << 32;
    return (int)(x >> from) & ((1 << s->bits) - 1);
}

static void put(const string *s, int64_t i, int code)
{
    const int64_t first = (i / 8 * 8 + s->place[i % 8]) * s->bits;
    for (int b = 0; b < s->bits; b++) {
        const int64_t bit = first + b;
        s->at[bit / 32 * s->step + bit % 32 / 8] |= (unsigned char)((code >> b & 1) << bit % 8);
    }
}

static int64_t words(int64_t n, int bits)
{
    return n / 32 * bits + (n % 32 * bits + 31) / 32;
}

static string weights_of(const assay_packed *p, int64_t o, int64_t k)
{
    const layout *l = &layouts[p->layout];
    string s = { p->qweight, 4, p->bits, l->place };
    if (l->down)
        s.at += 4 * o, s.step = 4 * p->out;
    else
        s.at += 4 * (l->by_input ? o * words(p->in, p->bits) : k * words(p->out, p->bits));
    return s;
}

static string zeros_of(const assay_packed *p, int64_t o, int64_t g)
{
    const layout *l = &layouts[p->layout];
    return (string){ p->qzeros + 4 * (l->zeros_by_o ? o : g) * p->zero_words, 4, p->bits, l->place };
}

static int64_t scale_at(const assay_packed *p, int64_t o, int64_t g)
{
    return layouts[p->layout].zeros_by_o ? o * 8 * p->zero_words + g : g * p->out + o;
}

static assay_status whole(const char *label, const char *what, int64_t n, int bits, assay_why *why)
{
    return n % 32 * bits % 32 == 0
               ? ASSAY_OK
               : assay_fail(why, ASSAY_ERR_SHAPE, "%s: %" PRId64 " %s of %d bits are no whole number of 32-bit words",
                            label, n, what, bits);
}

assay_status assay_packed_size(assay_packed *p, const char *label, assay_why *why)
{
    const layout *l = &layouts[p->layout];
    const bool known = l->any_bits ? p->bits == 2 || p->bits == 3 || p->bits == 4 || p->bits == 8 : p->bits == 4;
    if (!known)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: %d bits: %s", label, p->bits,
                          l->any_bits ? "gptq has 2, 3, 4 and 8" : "awq has 4");
    if (p->in < 1 || p->out < 1 || p->group < 1)
        return assay_fail(why, ASSAY_ERR_SHAPE, "%s: %" PRId64 " inputs, %" PRId64 " outputs, groups of %" PRId64,
                          label, p->in, p->out, p->group);
    if (!l->any_bits && p->in % p->group)
        return assay_fail(why, ASSAY_ERR_SHAPE, "%s: %" PRId64 " inputs are no whole groups of %" PRId64, label, p->in,
                          p->group);
    assay_status s = l->by_input ? whole(label, "inputs", p->in, p->bits, why) : ASSAY_OK;
    if (!s && !l->zeros_by_o)
        s = whole(label, "outputs", p->out, p->bits, why);
    p->groups = (p->in - 1) / p->group + 1;
    p->zero_words = words(l->zeros_by_o ? p->groups : p->out, p->bits);
    const int64_t multiple = !l->zeros_by_o ? 1 : p->group == 64 ? 2 : p->group == 32 ? 4 : 1; /* gemv pads its rows */
    p->zero_words = (p->zero_words + multiple - 1) / multiple * multiple;
    return s;
}

uint64_t assay_packed_weight_words(const assay_packed *p)
{
    const bool by_input = layouts[p->layout].by_input;
    return (uint64_t)words(by_input ? p->in : p->out, p->bits) * (uint64_t)(by_input ? p->out : p->in);
}

uint64_t assay_packed_zero_words(const assay_packed *p)
{
    return (uint64_t)p->zero_words * (uint64_t)(layouts[p->layout].zeros_by_o ? p->out : p->groups);
}

uint64_t assay_packed_scale_count(const assay_packed *p)
{
    return (uint64_t)p->out * (uint64_t)(layouts[p->layout].zeros_by_o ? 8 * p->zero_words : p->groups);
}

int64_t assay_packed_group(const assay_packed *p, int64_t k)
{
    int32_t g;
    if (!p->g_idx)
        return k / p->group;
    memcpy(&g, p->g_idx + 4 * k, sizeof g);
    return g;
}

int assay_packed_code(const assay_packed *p, int64_t o, int64_t k)
{
    const string s = weights_of(p, o, k);
    return get(&s, layouts[p->layout].by_input ? k : o);
}

int assay_packed_zero(const assay_packed *p, int64_t o, int64_t g)
{
    const string s = zeros_of(p, o, g);
    return get(&s, layouts[p->layout].zeros_by_o ? g : o) + layouts[p->layout].less_one;
}

double assay_packed_scale(const assay_packed *p, int64_t o, int64_t g)
{
    double s;
    const int64_t bytes = assay_dtype_bytes(p->scale_type, 1);
    assay_dtype_of(p->scale_type)->decode(&s, p->scales + scale_at(p, o, g) * bytes, 1);
    return s;
}

void assay_packed_decode(const assay_packed *p, double *w, int threads)
{
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t o = 0; o < p->out; o++) {
        int64_t known = -1;
        int zero = 0;
        double scale = 0;
        for (int64_t k = 0; k < p->in; k++) {
            const int64_t g = assay_packed_group(p, k);
            if (g != known)
                zero = assay_packed_zero(p, o, g), scale = assay_packed_scale(p, o, g), known = g;
            w[o * p->in + k] = (assay_packed_code(p, o, k) - zero) * scale;
        }
    }
}

assay_status assay_packed_encode(const assay_packed *p, const uint8_t *code, const uint8_t *zero, const double *scale,
                                 const char *label, assay_why *why)
{
    const layout *l = &layouts[p->layout];
    const int64_t bytes = assay_dtype_bytes(p->scale_type, 1);
    for (int64_t o = 0; o < p->out; o++) {
        for (int64_t k = 0; k < p->in; k++) {
            const string s = weights_of(p, o, k);
            put(&s, l->by_input ? k : o, code[o * p->in + k]);
        }
        for (int64_t g = 0; g < p->groups; g++) {
            const string s = zeros_of(p, o, g);
            const int z = zero[g * p->out + o];
            if (z < l->less_one)
                return assay_fail(why, ASSAY_UNSUPPORTED,
                                  "%s: the zero point of group %" PRId64 ", output %" PRId64
                                  " is 0, which has no form in gptq (gptq_v2 has one)",
                                  label, g, o);
            put(&s, l->zeros_by_o ? g : o, z - l->less_one);
            assay_dtype_of(p->scale_type)->encode(p->scales + scale_at(p, o, g) * bytes, &scale[g * p->out + o], 1);
        }
    }
    return ASSAY_OK;
}
