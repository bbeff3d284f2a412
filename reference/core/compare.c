/* SPDX-License-Identifier: MIT
 * Class first, then EX, T1 and T2, DISCRETE (docs/judge.md). */
#include "compare.h"
#include "dtype.h"
#include "status.h"
#include "tensor.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *assay_by_name(assay_by by)
{
    static const char *const name[] = { "-",     "class",   "EX",     "T1",  "T2",      "DISCRETE", "memory",
                                        "crash", "timeout", "status", "abi", "promise", "relation", "unexpected" };
    return (unsigned)by < sizeof name / sizeof *name ? name[by] : "?";
}

const char *assay_by_words(assay_by by)
{
    return by == ASSAY_BY_EX           ? "EX (exact)"
           : by == ASSAY_BY_T1         ? "T1 (bound)"
           : by == ASSAY_BY_T2         ? "T2 (statistical)"
           : by == ASSAY_BY_UNEXPECTED ? "unexpected pass"
                                       : assay_by_name(by);
}

typedef struct output { /* one output under judgement */
    const assay_problem *p;
    int i; /* operand */
    int64_t n;
    const double *got, *want;
    const unsigned char *open; /* 1: not judged; NULL: all are */
    assay_finding *f;
} output;

/* All of n elements from `at` on: of a block, whose bytes have no elements of their own. */
static bool is_open(const output *o, int64_t at, int64_t n)
{
    bool open = o->open;
    for (int64_t k = at; open && k < at + n; k++)
        open = o->open[k];
    return open;
}

static bool fail(const output *o, assay_by by, int64_t at, double bound, const char *what)
{
    assay_finding *f = o->f;
    f->pass = false;
    f->by = by;
    f->operand = o->i;
    f->index = at;
    f->got = at >= 0 ? o->got[at] : NAN;
    f->want = at >= 0 ? o->want[at] : NAN;
    f->bound = bound;
    const assay_pair is = assay_two(f->got, f->want);
    if (at < 0) /* of all elements together */
        assay_fail(&f->why, ASSAY_OK, "%s: %s%.3g", o->p->c.op->operands[o->i].name, what, bound);
    else
        assay_fail(&f->why, ASSAY_OK, "%s[%lld]: got %s, want %s, %s%.3g", o->p->c.op->operands[o->i].name,
                   (long long)at, is.a, is.b, what, bound);
    return false;
}

static int class_of(double x)
{
    return isnan(x) ? 3 : isinf(x) ? (x > 0 ? 1 : 2) : 0;
}

/* Blocks of an INOUT operand that the op leaves alone keep their bytes: those with a scale of inf or NaN are not what
 * an encoder makes of their values. */
static void keep_untouched(const output *o, const assay_dtype_info *ty, unsigned char *want)
{
    const double *before = o->p->before[o->i];
    const unsigned char *bytes = o->p->t[o->i].data;
    for (int64_t at = 0; before && at < o->n; at += ty->block)
        if (!memcmp(before + at, o->want + at, (size_t)ty->block * sizeof *before))
            memcpy(want + at / ty->block * ty->bytes, bytes + at / ty->block * ty->bytes, (size_t)ty->bytes);
}

/* Bit for bit in the output's type, NaNs by class; zeros by sign only where the op defines it. */
static bool judge_exact(const output *o, const assay_tensor *got, bool signed_zero)
{
    const assay_dtype_info *ty = assay_dtype_of(got->type);
    assay_tensor dense = assay_tensor_dense(got->type, 0, got->rank, got->dim);
    const size_t bytes = assay_tensor_bytes(&dense);
    unsigned char *want = assay_zeros(bytes, 1), *have = assay_zeros(bytes, 1);
    double *rounded = assay_zeros((size_t)o->n, sizeof *rounded);
    const output in_type = { o->p, o->i, o->n, o->got, rounded, o->open, o->f };
    bool ok = true;
    dense.data = want;
    assay_tensor_encode(&dense, o->want);
    assay_tensor_decode(rounded, &dense);
    if (ty->block == 1) {
        for (int64_t k = 0; ok && k < o->n; k++) {
            const double g = o->got[k], w = rounded[k];
            if (is_open(o, k, 1))
                continue;
            if (class_of(g) != class_of(w))
                ok = fail(&in_type, ASSAY_BY_CLASS, k, 0, "class differs, bound ");
            else if (!isnan(g) && (g != w || (signed_zero && signbit(g) != signbit(w))))
                ok = fail(&in_type, ASSAY_BY_EX, k, 0, "exact, bound ");
        }
    } else {
        keep_untouched(o, ty, want);
        const size_t row = (size_t)(got->dim[got->rank - 1] / ty->block) * (size_t)ty->bytes;
        const int64_t len = got->dim[got->rank - 1];
        for (int64_t at = 0; ok && at < o->n; at += len) {
            const char *src = got->data;
            int64_t rest = at / len;
            for (int r = got->rank - 2; r >= 0; r--) {
                src += rest % got->dim[r] * got->stride[r];
                rest /= got->dim[r];
            }
            const unsigned char *a = (const unsigned char *)src, *b = want + (size_t)(at / len) * row;
            for (size_t k = 0; ok && k < row; k++)
                if (a[k] != b[k]) {
                    const int64_t block = at + (int64_t)(k / (size_t)ty->bytes) * ty->block;
                    if (is_open(o, block, ty->block))
                        continue;
                    ok = fail(o, ASSAY_BY_EX, block, 0, "its block's bytes differ, bound ");
                    assay_fail(&o->f->why, ASSAY_OK, "%s: %s block at element %lld, byte %zu: got 0x%02x, want 0x%02x",
                               o->p->c.op->operands[o->i].name, ty->name, (long long)block, k % (size_t)ty->bytes, a[k],
                               b[k]);
                }
        }
    }
    free(want);
    free(have);
    free(rounded);
    return ok;
}

bool assay_rounds_output(assay_dtype type, const assay_contract *k)
{
    return !(type == k->acc || (type == ASSAY_f32 && (k->acc == ASSAY_f16 || k->acc == ASSAY_bf16)));
}

bool assay_unrounded(const assay_case *c, const assay_contract *k)
{
    static const assay_contract strict;
    bool any = false;
    for (int i = 0; i < c->op->n_operands; i++) {
        if (c->op->operands[i].access == ASSAY_IN || c->op->operands[i].verdict != ASSAY_BOUNDED ||
            !(c->present >> i & 1))
            continue;
        if (assay_rounds_output(c->type[i], k ? k : &strict))
            return false;
        any = true;
    }
    return any;
}

static bool judge_t1(const output *o, assay_dtype type, bool rounds, const double *b)
{
    double *lo = assay_zeros((size_t)o->n, sizeof *lo), *hi = assay_zeros((size_t)o->n, sizeof *hi);
    double *share = !rounds && assay_gen_gated(o->p->c.gen) ? assay_zeros((size_t)o->n, sizeof *share) : NULL;
    const assay_rounding to = assay_rounding_to(type, rounds);
    double most = 0;
    bool ok = true;
    assay_interval(type, rounds, o->want, b, o->n, lo, hi);
    for (int64_t k = 0; ok && k < o->n; k++) {
        const double g = o->got[k], w = o->want[k];
        if (is_open(o, k, 1))
            continue;
        if (isnan(b[k]) && (w == 0 || isinf(w))) { /* the op leaves it open: this or NaN */
            if (!isnan(g) && g != w)
                ok = fail(o, ASSAY_BY_CLASS, k, b[k],
                          w == 0 ? "0 and NaN are right, bound " : "it and NaN are right, bound ");
            continue;
        }
        if (isnan(w) || isinf(w)) {
            /* inf times a sum of codes, or a sum of inf times codes, which is NaN where one is 0 or signs differ;
             * an infinity beside what may have overflown */
            const bool either = (o->p->inf_scale && isnan(w) && isinf(g)) || (b[k] < 0 && isnan(g) && isinf(w));
            if (class_of(g) != class_of(w) && !either)
                ok = fail(o, ASSAY_BY_CLASS, k, 0, "class differs, bound ");
            continue;
        }
        if (assay_overflowed(b[k], g))
            continue;
        if (isnan(g) || (isinf(g) && !(isinf(lo[k]) || isinf(hi[k])))) {
            ok = fail(o, ASSAY_BY_CLASS, k, fabs(b[k]), "class differs, bound ");
            continue;
        }
        const double used = assay_share_used(w, g, fabs(b[k]), &to);
        o->f->bounded |= b[k] != 0;
        if (!(g >= lo[k] && g <= hi[k]))
            ok = fail(o, ASSAY_BY_T1, k, fabs(b[k]), "bound ");
        const bool counts = b[k] >= 0; /* how much is used of what an overflow leaves says nothing of the bound */
        most = ok && counts ? fmax(most, used) : most;
        if (ok && counts && used > o->f->used) {
            o->f->used = used;
            o->f->operand = o->i;
            o->f->index = k;
            o->f->got = g, o->f->want = w, o->f->bound = fabs(b[k]);
        }
        if (!ok)
            o->f->used = used;
        if (share)
            share[k] = counts ? used : 0;
    }
    o->f->share = assay_least_used(o->f->share, most);
    if (share && ok)
        o->f->typical = assay_least_used(o->f->typical, assay_typical(share, o->n));
    free(share);
    free(lo);
    free(hi);
    return ok;
}

/* How many different errors there can be: no operand has more different numbers than elements, or than mantissas.
 * Products of 16-bit numbers are exact in f32: if nothing else is multiplied, what is lost when an optional operand is
 * added hangs on that one's bits. */
static double different(const assay_problem *p)
{
    double n = 1, added = 1;
    int coarse = 0, fine = 0; /* what is multiplied: of 11 bits and fewer, of more */
    for (int i = 0; i < p->c.op->n_operands; i++) {
        const assay_operand *o = &p->c.op->operands[i];
        const double u = assay_dtype_of(p->c.type[i])->u, count = (double)assay_tensor_count(&p->t[i]);
        if (!(p->c.present >> i & 1) || o->access == ASSAY_OUT)
            continue;
        n *= fmin(count, u > 0 ? 1 / u : INFINITY);
        if (o->flags & ASSAY_OPTIONAL)
            added *= u > 0 && u < 0x1p-12 ? count : 1;
        else
            *(u >= 0x1p-12 ? &coarse : &fine) += 1;
    }
    return coarse > 1 && !fine && added > 1 ? fmin(n, added) : n;
}

/* rms(z) <= 1 and no drift, z = (out - g) / (u s), on full random mantissas with 256 outputs and more: of sums in any
 * order that does not look at the values.  Sorted by size, say, rounding is no longer at random. */
static bool judge_t2(const output *o, const double *s)
{
    double sum = 0, drift = 0;
    int64_t n = 0;
    for (int64_t k = 0; k < o->n; k++) {
        const double scale = 0x1p-24 * s[k];
        if (!(scale > 0) || !isfinite(o->want[k]) || is_open(o, k, 1))
            continue;
        const double z = (o->got[k] - o->want[k]) / scale;
        sum += z * z;
        drift += o->want[k] < 0 ? -z : z;
        n++;
    }
    if (n < 256)
        return true;
    const double rms = sqrt(sum / (double)n), mean = fabs(drift / (double)n) * sqrt(fmin((double)n, different(o->p)));
    if (!(rms <= 1))
        return fail(
            o, ASSAY_BY_T2, -1, rms,
            "T2: root mean square of the errors over the deviation that any order of the sum, chosen without a look at "
            "the values, may have; at most 1: ");
    if (!(mean <= 8 * fmax(rms, 0x1p-10)))
        return fail(o, ASSAY_BY_T2, -1, mean,
                    "T2: errors drift to one side, sqrt(N)|mean|, at most 8 times their root mean square: ");
    return true;
}

/* For verify(), which sees whole outputs: what is right stands where nothing is judged. */
static void fill_open(const output *o, const double *right, int64_t block, double *value)
{
    for (int64_t at = 0; o->open && at < o->n; at += block)
        if (is_open(o, at, block))
            memcpy(value + at, right + at, (size_t)block * sizeof *value);
}

/* A type that is written by a search: verify() compares what the kernel wrote with what our search wrote. */
static bool judge_search(const output *o, const assay_dense *d, assay_dtype type, const assay_contract *k,
                         double **value)
{
    const assay_dtype_info *ty = assay_dtype_of(type);
    void *code = assay_zeros((size_t)(o->n / ty->block), (size_t)ty->bytes);
    double *ours = assay_zeros((size_t)o->n, sizeof *ours);
    void *operand[ASSAY_MAX_OPND];
    memcpy(operand, d->operand, (size_t)o->p->c.op->n_operands * sizeof *operand);
    ty->encode(code, o->want, o->n);
    ty->decode(ours, code, o->n);
    fill_open(o, ours, ty->block, value[o->i]);
    operand[o->i] = ours;
    const assay_dense with = { operand, d->before, d->dim, d->params, d->type, d->random, d->minimum };
    const bool ok = o->p->c.op->verify(&with, (void *const *)value, k, &o->f->why);
    if (!ok)
        o->f->by = ASSAY_BY_DISCRETE, o->f->operand = o->i;
    free(code);
    free(ours);
    return ok;
}

/* Under the contract "NaN ignored" nothing is asked where the golden is NaN, and of a block where it holds anything
 * that is not finite.  The mask of operand i, or NULL: the problem's own serves. */
static unsigned char *nan_open(const assay_problem *p, int i, assay_dtype type, int64_t n, const assay_contract *k)
{
    const assay_dtype_info *ty = assay_dtype_of(type);
    if (!k->nan_ignored)
        return NULL;
    unsigned char *open = assay_zeros((size_t)n, 1);
    void *code = assay_zeros((size_t)(n / ty->block), (size_t)ty->bytes);
    double *written = assay_zeros((size_t)n, sizeof *written);
    ty->encode(code, p->value[i], n);
    ty->decode(written, code, n);
    for (int64_t at = 0; at < n; at += ty->block) {
        bool lost = false;
        for (int64_t j = at; j < at + ty->block; j++)
            lost |= ty->block > 1 ? !isfinite(written[j]) : isnan(written[j]);
        for (int64_t j = at; j < at + ty->block; j++)
            open[j] = lost || (p->open[i] && p->open[i][j]);
    }
    free(code);
    free(written);
    return open;
}

/* The plane that predicts deviations, "s"; "s apart" of kernels that sum a block's minimum apart.  -1: none. */
static int plane_of_spread(const assay_op *op, const assay_contract *k)
{
    char apart[64];
    if (!op->spread || !k->split_min)
        return op->spread - 1;
    snprintf(apart, sizeof apart, "%s apart", op->planes[op->spread - 1].name);
    for (int i = 0; i < op->n_planes; i++)
        if (!strcmp(op->planes[i].name, apart))
            return i;
    return -1;
}

static bool plain_f32(const assay_contract *k)
{
    return k->acc == ASSAY_f32 && k->p_round == ASSAY_f32 && !k->ftz;
}

static bool is_bounded(const assay_problem *p, int i)
{
    const assay_operand *o = &p->c.op->operands[i];
    return o->access != ASSAY_IN && (p->c.present >> i & 1) && o->verdict == ASSAY_BOUNDED && !p->exact;
}

/* The bounds under a contract, by operand; NULL where there are none.  The last ones are kept: seeded faults and slips
 * come by hundreds for each problem and contract. */
static double *const *bounds_of(const assay_problem *p, const assay_contract *k, const assay_dense *d,
                                const assay_tensor *got)
{
    static struct {
        const assay_problem *p;
        uint64_t solved;
        assay_contract contract;
        double *bound[ASSAY_MAX_OPND];
    } kept;
    const assay_op *op = p->c.op;
    bool any = false, extra = false;
    if (p->solved && kept.p == p && kept.solved == p->solved && !memcmp(&kept.contract, k, sizeof *k))
        return kept.bound;
    for (int i = 0; i < ASSAY_MAX_OPND; i++) {
        free(kept.bound[i]);
        kept.bound[i] = NULL;
        if (i < op->n_operands && is_bounded(p, i)) {
            kept.bound[i] = assay_zeros((size_t)assay_tensor_count(&got[i]), sizeof(double));
            extra |= p->extra[i] != NULL;
            any = true;
        }
    }
    if (any)
        op->bound(d, (double *const *)p->plane, k, kept.bound);
    for (int i = 0; i < op->n_operands; i++)
        for (int64_t j = 0, n = kept.bound[i] && p->extra[i] ? assay_tensor_count(&got[i]) : 0; j < n; j++)
            kept.bound[i][j] += copysign(p->extra[i][j], kept.bound[i][j]);
    kept.p = p;
    kept.solved = extra ? 0 : p->solved; /* a vector's own tolerance is not of the problem */
    memcpy(&kept.contract, k, sizeof *k);
    return kept.bound;
}

void assay_compare(const assay_problem *p, const assay_contract *k, const assay_tensor *got, assay_finding *f)
{
    static const assay_contract strict;
    const assay_op *op = p->c.op;
    double *value[ASSAY_MAX_OPND] = { NULL };
    bool ok = true, bounded = false, discrete = false, exact = false, searched = false;
    k = k ? k : &strict;
    *f = (assay_finding){ .operand = -1, .index = -1 };
    for (int i = 0; i < op->n_operands; i++) {
        if (op->operands[i].access == ASSAY_IN || !(p->c.present >> i & 1))
            continue;
        value[i] = assay_zeros((size_t)assay_tensor_count(&got[i]), sizeof(double));
        assay_tensor_decode(value[i], &got[i]);
        bounded |= is_bounded(p, i);
    }
    const assay_dense d = assay_problem_dense(p);
    double *const *bound = bounds_of(p, k, &d, got);
    for (int i = 0; ok && i < op->n_operands; i++) {
        if (!value[i])
            continue;
        const int64_t n = assay_tensor_count(&got[i]);
        unsigned char *open = nan_open(p, i, got[i].type, n, k);
        const output o = { p, i, n, value[i], p->value[i], open ? open : p->open[i], f };
        const assay_operand *d_ = &op->operands[i];
        if (d_->verdict == ASSAY_DISCRETE) {
            discrete = true;
            fill_open(&o, p->value[i], 1, value[i]);
        } else if (d_->verdict == ASSAY_EXACT && op->verify && assay_dtype_of(got[i].type)->search)
            ok = searched = judge_search(&o, &d, got[i].type, k, value);
        else if (d_->verdict == ASSAY_EXACT || p->exact) {
            exact = true;
            ok = judge_exact(&o, &got[i], d_->verdict == ASSAY_EXACT && !(d_->flags & ASSAY_ANY_ZERO));
        } else {
            ok = judge_t1(&o, got[i].type, assay_rounds_output(got[i].type, k), bound[i]);
            const int spread = plane_of_spread(op, k);
            if (ok && p->tag == ASSAY_TAG_RANDOM && spread >= 0 && got[i].type == ASSAY_f32 && plain_f32(k))
                ok = judge_t2(&o, p->plane[spread]);
        }
        free(open);
    }
    if (ok && discrete && !op->verify(&d, (void *const *)value, k, &f->why)) {
        ok = false;
        f->by = ASSAY_BY_DISCRETE;
    }
    f->pass = ok;
    if (ok)
        f->by = discrete || searched ? ASSAY_BY_DISCRETE : bounded ? ASSAY_BY_T1 : exact ? ASSAY_BY_EX : ASSAY_BY_NONE;
    for (int i = 0; i < op->n_operands; i++)
        free(value[i]);
}

void assay_compare_bits(const assay_problem *p, const assay_tensor *got, assay_finding *f)
{
    const assay_op *op = p->c.op;
    for (int i = 0; f->pass && i < op->n_operands; i++) {
        const assay_operand *o = &op->operands[i];
        if (o->access == ASSAY_IN || o->verdict != ASSAY_EXACT || !(p->c.present >> i & 1) ||
            !assay_dtype_of(got[i].type)->search)
            continue;
        const int64_t n = assay_tensor_count(&got[i]);
        double *value = assay_zeros((size_t)n, sizeof *value);
        assay_tensor_decode(value, &got[i]);
        const output out = { p, i, n, value, p->value[i], p->open[i], f };
        if (!judge_exact(&out, &got[i], true))
            f->by = ASSAY_BY_PROMISE;
        free(value);
    }
}
