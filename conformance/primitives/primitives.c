/* SPDX-License-Identifier: MIT
 * `assay primitives`: which ones are judged, and what is said of them. */
#include "../../reference/core/options.h"
#include "primitives.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/status.h"
#include "../judge/abi.h"
#include "../results/output.h"
#include "primitives_judge.h"
#include "../select.h"
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>

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
    const assay_pair is = assay_two(r->got, r->want);
    if (r->wrong)
        printf("    %lld wrong, the first at 0x%08x (%.9g): %s, not %s\n", (long long)r->wrong, r->wrong_at,
               value_of(m, r->wrong_at), is.a, is.b);
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
        const meaning *m = assay_primitive_meaning(&f->primitive);
        if (o->filter.kernel && fnmatch(o->filter.kernel, f->title, 0))
            continue;
        const result r = assay_primitive_judge(&f->primitive, m, o->filter.level);
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
        const meaning *m = assay_primitive_meaning(p);
        if (s == ASSAY_FILTERED)
            continue;
        matched++;
        if (s == ASSAY_NOT_ON_CPU) {
            printf("  not on this CPU  %s %s\n", p->tier, p->name);
            write_absent(&j, p);
            continue;
        }
        const result r = assay_primitive_judge(p, m, f->level);
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
    assay_options_parse(&argp, argc, argv, &o);
    const assay_outputs to = { { o.filter.json } };
    if (o.faults && o.filter.json)
        assay_fail(&why, ASSAY_ERR_ARG, "--faults writes no results: --json does not go with it");
    if (why.text[0] || o.filter.op || o.filter.plugin || assay_filter_check(&o.filter, &why) ||
        !assay_abi_environment(&why) || assay_outputs_begin(&to, &why)) {
        fprintf(stderr, "assay primitives: %s\n", why.text[0] ? why.text : "-o and --plugin have no meaning here");
        return 2;
    }
    const int code = o.faults ? judge_faults(&o) : judge_all(&o);
    if (assay_abi_environment(&why))
        return code;
    fprintf(stderr, "assay primitives: a primitive changed the floating-point environment: %s\n", why.text);
    return 1;
}
