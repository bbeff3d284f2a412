/* SPDX-License-Identifier: MIT
 * Inputs: all 2^16 of 16-bit types; of f32 32 (quick), 256 (full) or all 65536 (exhaustive) for each upper half-word,
 * so every exponent, sign, infinity, NaN and zero.  Error: |out - golden| in units of u = 2^-24, relative to the golden
 * or absolute as the contracts count it; where the golden is subnormal its last rounding is taken off. */
#include "primitives.h"
#include "../reference/core/dtype.h"
#include "../reference/core/rng.h"
#include "../reference/core/status.h"
#include "abi.h"
#include "output.h"
#include "select.h"
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 65536, BLOCK = 256 };

typedef enum measure { RELATIVE, ABSOLUTE, EXACT } measure;

typedef struct meaning { /* of a name */
    const char *name;
    assay_dtype from, to;
    measure measure;
    double bound; /* in u: what contracts assume of every kernel (docs/contracts.md) */
    double far;   /* beyond this input the kernels do not use it; 0: they always do */
    double (*golden)(double x);
} meaning;

static double sin_4097(double x) /* 4097 x is exact: 13 and 24 bits */
{
    return sin(4097 * x);
}
static double cos_4097(double x)
{
    return cos(4097 * x);
}
static double reciprocal(double x) /* 0 where 1/x is not finite in f32 */
{
    return fabsf((float)(1 / x)) < INFINITY ? 1 / x : 0;
}
static double same(double x)
{
    return x;
}

static const meaning meanings[] = {
    { "exp", ASSAY_f32, ASSAY_f32, RELATIVE, 4, 0, exp },
    { "tanh", ASSAY_f32, ASSAY_f32, RELATIVE, 4, 0, tanh },
    { "sin", ASSAY_f32, ASSAY_f32, ABSOLUTE, 4, 0x1p20, sin },
    { "cos", ASSAY_f32, ASSAY_f32, ABSOLUTE, 4, 0x1p20, cos },
    { "sin_4097", ASSAY_f32, ASSAY_f32, ABSOLUTE, 4, 0x1p20 / 4097, sin_4097 },
    { "cos_4097", ASSAY_f32, ASSAY_f32, ABSOLUTE, 4, 0x1p20 / 4097, cos_4097 },
    { "reciprocal", ASSAY_f32, ASSAY_f32, RELATIVE, 2, 0, reciprocal },
    { "f32_to_f16", ASSAY_f32, ASSAY_f16, EXACT, 0, 0, same },
    { "f32_to_bf16", ASSAY_f32, ASSAY_bf16, EXACT, 0, 0, same },
    { "f16_to_f32", ASSAY_f16, ASSAY_f32, EXACT, 0, 0, same },
    { "bf16_to_f32", ASSAY_bf16, ASSAY_f32, EXACT, 0, 0, same },
};

typedef struct result {
    int64_t inputs, far, wrong; /* wrong: another class, or another bit of an exact one */
    double u, ulp;              /* the worst, and where */
    uint32_t u_at, ulp_at, wrong_at;
    double got, want; /* there: of the first wrong one, else of the worst */
} result;

static const meaning *meaning_of(const assay_primitive *p)
{
    for (size_t i = 0; i < ASSAY_COUNT_OF(meanings); i++)
        if (!strcmp(meanings[i].name, p->name))
            return &meanings[i];
    return NULL;
}

static void note_wrong(result *r, uint32_t at, double got, double want)
{
    if (!r->wrong++)
        r->wrong_at = at, r->got = got, r->want = want;
}

static void judge_one(const meaning *m, uint32_t at, double x, double got, double want, result *r)
{
    if (m->far > 0 && !(fabs(x) <= m->far)) {
        r->far++;
        return;
    }
    r->inputs++;
    const double size = fabs(want), rounded = (double)(float)want;
    if (isnan(want) || isnan(got)) {
        if (isnan(want) != isnan(got))
            note_wrong(r, at, got, want);
        return;
    }
    if (isinf(got) || isinf(rounded) || want == 0) { /* infinite where the golden rounds to it, or its bound does */
        const double B = m->bound * 0x1p-24, most = (double)(float)(want * (1 + B)),
                     least = (double)(float)(want * (1 - B));
        if (got != rounded && got != most && got != least)
            note_wrong(r, at, got, want);
        return;
    }
    const double error = fabs(got - want), scale = m->measure == RELATIVE ? size : 1;
    const double least = m->measure == RELATIVE && r->ulp < r->u ? r->ulp : r->u; /* 1 ulp is 1 u to 2 u */
    if (error <= least * scale * 0x1p-24)
        return;
    const double over = size < 0x1p-126 ? error - 0x1p-150 : error, u = over > 0 ? over / scale * 0x1p24 : 0;
    if (u > r->u) {
        r->u = u, r->u_at = at;
        if (!r->wrong)
            r->got = got, r->want = want;
    }
    if (m->measure == RELATIVE) {
        const double ulp = ldexp(error, 23 - (size < 0x1p-126 ? -126 : ilogb(size)));
        if (ulp > r->ulp)
            r->ulp = ulp, r->ulp_at = at;
    }
}

/* The bits must be those of the definition in reference/core/dtype.h; one NaN is as good as another. */
static void judge_exact(const meaning *m, const uint32_t *bits, const double *x, const unsigned char *out, int n,
                        result *r)
{
    unsigned char right[4 * BLOCK];
    const assay_dtype_info *to = assay_dtype_of(m->to);
    r->inputs += n;
    to->encode(right, x, n);
    if (!memcmp(right, out, (size_t)(n * to->bytes)))
        return;
    for (int i = 0; i < n; i++) {
        double got, want;
        to->decode(&want, right + i * to->bytes, 1);
        to->decode(&got, out + i * to->bytes, 1);
        if (isnan(want) ? !isnan(got) : memcmp(right + i * to->bytes, out + i * to->bytes, (size_t)to->bytes) != 0)
            note_wrong(r, bits[i], got, want);
    }
}

/* n inputs, given by their bits: a multiple of ASSAY_PRIMITIVE_STEP */
static void judge_block(const assay_primitive *p, const meaning *m, const uint32_t *bits, int n, result *r)
{
    _Alignas(64) unsigned char in[4 * BLOCK], out[4 * BLOCK];
    double x[BLOCK], got[BLOCK];
    const assay_dtype_info *from = assay_dtype_of(m->from), *to = assay_dtype_of(m->to);
    for (int i = 0; i < n; i++) {
        const uint16_t half = (uint16_t)bits[i];
        memcpy(in + i * from->bytes, from->bytes == 2 ? (const void *)&half : &bits[i], (size_t)from->bytes);
    }
    memset(out, 0xa5, sizeof out);
    p->run(in, out, n);
    from->decode(x, in, n);
    if (m->measure == EXACT) {
        judge_exact(m, bits, x, out, n, r);
        return;
    }
    to->decode(got, out, n);
    for (int i = 0; i < n; i++)
        judge_one(m, bits[i], x[i], got[i], m->golden(x[i]), r);
}

/* How the low half-word of input j of an upper half-word is chosen: ends, middle and ties first, then by chance. */
static uint32_t low_of(uint32_t high, int j, int per)
{
    static const uint16_t first[] = { 0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0x0fff, 0x1000, 0x1001, 0xefff };
    if (per == CHUNK)
        return (uint32_t)j;
    if (j < (int)ASSAY_COUNT_OF(first))
        return first[j];
    uint32_t out[4];
    const uint32_t counter[4] = { high, (uint32_t)j, 0, 0 }, key[2] = { 2026, 11 };
    assay_philox4x32(counter, key, out);
    return out[0] & 0xffff;
}

/* Of equal errors the one at the smaller input, whichever thread met it. */
static bool worse(double a, uint32_t a_at, double b, uint32_t b_at)
{
    return a > b || (a == b && a_at < b_at);
}

static void merge(result *to, const result *r)
{
    const bool u = worse(r->u, r->u_at, to->u, to->u_at);
    if (r->wrong && (!to->wrong || r->wrong_at < to->wrong_at))
        to->wrong_at = r->wrong_at, to->got = r->got, to->want = r->want;
    else if (!to->wrong && u)
        to->got = r->got, to->want = r->want;
    if (u)
        to->u = r->u, to->u_at = r->u_at;
    if (worse(r->ulp, r->ulp_at, to->ulp, to->ulp_at))
        to->ulp = r->ulp, to->ulp_at = r->ulp_at;
    to->inputs += r->inputs, to->far += r->far, to->wrong += r->wrong;
}

static result judge(const assay_primitive *p, const meaning *m, assay_level level)
{
    result all = { 0 };
    if (assay_dtype_of(m->from)->bytes == 2) {
        for (uint32_t b = 0; b < CHUNK; b += BLOCK) {
            uint32_t bits[BLOCK] = { 0 };
            for (uint32_t i = 0; i < BLOCK; i++)
                bits[i] = b + i;
            judge_block(p, m, bits, BLOCK, &all);
        }
        return all;
    }
    const int per = level == ASSAY_EXHAUSTIVE ? CHUNK : level == ASSAY_FULL ? 256 : ASSAY_PRIMITIVE_STEP;
    const int step = per < BLOCK ? per : BLOCK;
#pragma omp parallel
    {
        result mine = { 0 };
#pragma omp for schedule(dynamic, 64)
        for (uint32_t high = 0; high < CHUNK; high++)
            for (int j = 0; j < per; j += step) {
                uint32_t bits[BLOCK] = { 0 };
                for (int i = 0; i < step; i++)
                    bits[i] = high << 16 | low_of(high, j + i, per);
                judge_block(p, m, bits, step, &mine);
            }
#pragma omp critical
        merge(&all, &mine);
    }
    return all;
}

/* ---- what is printed ------------------------------------------------------------------------------------------ */

static double value_of(const meaning *m, uint32_t bits)
{
    double x;
    const uint16_t half = (uint16_t)bits;
    assay_dtype_of(m->from)->decode(&x, assay_dtype_of(m->from)->bytes == 2 ? (const void *)&half : &bits, 1);
    return x;
}

static double limit_of(const assay_primitive *p, const meaning *m)
{
    return p->promised > 0 ? fmin(p->promised, m->bound) : m->bound;
}

static bool good(const assay_primitive *p, const meaning *m, const result *r)
{
    return r->inputs && !r->wrong && r->u <= limit_of(p, m);
}

static void print(const assay_primitive *p, const meaning *m, const result *r, const char *word)
{
    printf("  %s %-6s %-12s %lld inputs", word, p->tier, p->name, (long long)r->inputs);
    if (r->far)
        printf(" and %lld beyond its range", (long long)r->far);
    if (m->measure == EXACT)
        printf(", %lld wrong", (long long)r->wrong);
    else
        printf(", worst %.4f u at 0x%08x (%.9g)", r->u, r->u_at, value_of(m, r->u_at));
    if (m->measure == RELATIVE)
        printf(", %.4f ulp at 0x%08x (%.9g)", r->ulp, r->ulp_at, value_of(m, r->ulp_at));
    if (m->measure != EXACT)
        printf("; promised %g u, contracts assume %g u", limit_of(p, m), m->bound);
    putchar('\n');
    if (r->wrong)
        printf("    %lld wrong, the first at 0x%08x (%.9g): %.9g, not %.9g\n", (long long)r->wrong, r->wrong_at,
               value_of(m, r->wrong_at), r->got, r->want);
}

static void write_json(assay_json *j, const assay_primitive *p, const meaning *m, const result *r)
{
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "name", p->name);
    assay_json_str(j, "tier", p->tier);
    assay_json_int(j, "inputs", r->inputs);
    assay_json_int(j, "wrong", r->wrong);
    assay_json_bool(j, "good", good(p, m, r));
    if (m->measure != EXACT) {
        assay_json_str(j, "measure", m->measure == RELATIVE ? "relative" : "absolute");
        assay_json_num(j, "worst_u", r->u);
        assay_json_num(j, "worst_u_at", value_of(m, r->u_at));
        if (m->measure == RELATIVE) {
            assay_json_num(j, "worst_ulp", r->ulp);
            assay_json_num(j, "worst_ulp_at", value_of(m, r->ulp_at));
        }
        assay_json_num(j, "promised_u", limit_of(p, m));
        assay_json_num(j, "bound_u", m->bound);
    }
    assay_json_close(j);
}

static void write_absent(assay_json *j, const assay_primitive *p)
{
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "name", p->name);
    assay_json_str(j, "tier", p->tier);
    assay_json_int(j, "inputs", 0);
    assay_json_str(j, "not_judged", "not on this CPU");
    assay_json_close(j);
}

/* ---- command line --------------------------------------------------------------------------------------------- */

enum { KEY_FAULTS = 256 };
typedef struct options {
    assay_filter filter;
    bool faults;
} options;

static const struct argp_option option_table[] = {
    { "faults", KEY_FAULTS, NULL, 0, "judge seeded wrong primitives (must fail) and legal ones (must pass)", 0 },
    { 0 },
};
static const struct argp_child children[] = { { &assay_filter_argp, 0, "Which (-k: name; --json):", 1 },
                                              { &assay_effort_argp, 0, "How much (of f32: 2 M, 16 M or all 2^32):", 2 },
                                              { 0 } };

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    (void)arg;
    if (key == ARGP_KEY_INIT)
        state->child_inputs[0] = state->child_inputs[1] = &o->filter;
    else if (key == KEY_FAULTS)
        o->faults = true;
    else if (key == ARGP_KEY_ARG)
        argp_error(state, "no argument is expected");
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static int judge_faults(const options *o)
{
    int faults = 0, caught = 0, legal = 0, flagged = 0;
    const assay_primitive_fault *f;
    for (size_t i = 0; (f = assay_primitive_fault_at(i)); i++) {
        const meaning *m = meaning_of(&f->primitive);
        if (o->filter.kernel && fnmatch(o->filter.kernel, f->title, 0))
            continue;
        const result r = judge(&f->primitive, m, o->filter.level);
        const bool passed = good(&f->primitive, m, &r), is_fault = f->kind == ASSAY_FAULT;
        faults += is_fault, caught += is_fault && !passed;
        legal += !is_fault, flagged += !is_fault && !passed;
        printf("  %s %s %s (%s)\n",
               is_fault != passed ? "ok  "
               : is_fault         ? "MISSED"
                                  : "FLAGGED",
               is_fault ? "fault" : "legal", f->title, f->source);
        print(&f->primitive, m, &r, "    ");
    }
    printf("%d faults seeded, %d caught; %d legal variants, %d flagged\n", faults, caught, legal, flagged);
    return faults + legal && caught == faults && !flagged ? 0 : 1;
}

static int judge_all(const options *o)
{
    int matched = 0, ran = 0, bad = 0;
    const assay_filter *f = &o->filter;
    const assay_primitive *p;
    assay_json j = { 0 };
    assay_why why = { "" };
    assay_document_open(&j, "primitives");
    assay_json_str(&j, "inputs",
                   f->level == ASSAY_EXHAUSTIVE ? "exhaustive"
                   : f->level == ASSAY_FULL     ? "full"
                                                : "quick");
    assay_json_open(&j, "primitives", '[');
    for (size_t i = 0; (p = assay_primitive_at(i)); i++) {
        const assay_kernel as_kernel = { .op = "", .name = p->name, .isa = p->isa };
        const assay_state s = assay_filter_kernel(f, &as_kernel);
        const meaning *m = meaning_of(p);
        if (s == ASSAY_FILTERED)
            continue;
        matched++;
        if (s == ASSAY_NOT_ON_CPU) {
            printf("  not on this CPU  %s %s\n", p->tier, p->name);
            write_absent(&j, p);
            continue;
        }
        const result r = judge(p, m, f->level);
        ran++, bad += !good(p, m, &r);
        print(p, m, &r, good(p, m, &r) ? "ok  " : "FAIL");
        fflush(stdout);
        write_json(&j, p, m, &r);
    }
    assay_json_close(&j);
    printf("%d primitives, %d judged, %d failed\n", matched, ran, bad);
    if (assay_document_write(&j, f->json, &why)) {
        fprintf(stderr, "assay primitives: %s\n", why.text);
        return 2;
    }
    return !matched ? 2 : !ran ? 77 : bad ? 1 : 0;
}

int assay_cmd_primitives(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        parse_option,
        "",
        "Test the vector primitives of the kernels alone: exp, tanh, sine and cosine, reciprocal, "
        "conversions.\vExit status: 0 all within what they promise; 1 one is not; 2 wrong use; "
        "77 no matching one has its CPU.",
        children,
        NULL,
        NULL
    };
    options o = { 0 };
    assay_why why = { "" };
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    const assay_outputs to = { { o.filter.json } };
    if (o.filter.op || o.filter.plugin || assay_filter_check(&o.filter, &why) || !assay_abi_environment(&why) ||
        assay_outputs_begin(&to, &why)) {
        fprintf(stderr, "assay primitives: %s\n", why.text[0] ? why.text : "-o and --plugin have no meaning here");
        return 2;
    }
    const int code = o.faults ? judge_faults(&o) : judge_all(&o);
    if (assay_abi_environment(&why))
        return code;
    fprintf(stderr, "assay primitives: a primitive changed the floating-point environment: %s\n", why.text);
    return 1;
}
