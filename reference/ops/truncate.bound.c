/* SPDX-License-Identifier: MIT
 * truncate: verify() accepts the sets that a kernel within its contract can leave (truncate.bound.md), and of the ids
 * that stay nothing but their logits, of the others -inf. */
#include "assay/params/truncate.h"
#include "weights.h"
#include "../core/status.h"

KAPPA(truncate)
{
    (void)a, (void)planes;
}
BOUND(truncate)
{
    (void)a, (void)planes, (void)c, (void)b;
}

/* A row's finite logits; state is what the kernel made of them. */
typedef struct row {
    const assay_truncate_params *p;
    const assay_contract *c;
    entry *e;
    int64_t n, kept, first, last, next; /* by rank the first of all, the last that stays, the first that does not */
    double m, sum, share, most;         /* largest logit; of the weights, and how far partial sums are off as a share of
                                           it; the largest distance from m */
} row;

/* Do the first by rank stay? */
static bool prefix(const row *r)
{
    return r->kept == r->n || by_rank(&r->e[r->last], &r->e[r->next]) < 0;
}
static bool top_p(const row *r)
{
    const double u = bound_u(r->c), aim = r->p->amount * r->sum, slack = (2 * r->share + 3 * u) * r->sum;
    double upto = 0;
    for (int64_t i = 0; i < r->n; i++)
        upto += r->e[i].state == IN ? r->e[i].w : 0;
    return prefix(r) && (r->kept == 1 || upto - r->e[r->last].w < aim + slack) &&
           (r->kept == r->n || upto >= aim - slack);
}

/* Do those that stay by themselves, whose distance is at most `most`, and is off by no more than its error? */
static bool each(const row *r, double (*error)(const row *, double, int64_t), double extra, double most, int64_t forced)
{
    for (int64_t i = 0; i < r->n; i++) {
        const double off = error(r, extra, i), d = r->e[i].d;
        if (i != forced && (r->e[i].state == IN ? d > most + off : d < most - off))
            return false;
    }
    return true;
}
/* Equal logits fare alike. */
static bool alike(const row *r)
{
    return r->kept == r->n || r->e[r->last].z != r->e[r->next].z;
}
static double threshold_error(const row *r, double log_amount, int64_t i)
{
    const double u = bound_u(r->c), e_log = BOUND_E(r->c, e_log), e_div = BOUND_E(r->c, e_div);
    return r->e[i].rho + u * ((e_log + 3) * (1 + log_amount) + e_div + 2 + fabs(r->m) / r->p->temp) +
           bound_eta(r->c) * (1 + r->sum) / r->p->amount;
}
/* Of -ln p, as d + ln sum (lse) or by the logarithm of p */
static double surprise_error(const row *r, double lse, int64_t i)
{
    const double u = bound_u(r->c), e_log = BOUND_E(r->c, e_log), e_div = BOUND_E(r->c, e_div);
    return r->e[i].rho + r->share +
           u * ((e_log + 3) * (r->e[i].d + 2 * lse) + e_log + e_div + 3 + fabs(r->m) / r->p->temp);
}

static bool typical(const row *r)
{
    const double u = bound_u(r->c), c = bound_c(r->c, (double)r->n, 2), a = r->p->amount, lse = log(r->sum);
    double entropy = 0, off = 0, slack = bound_c(r->c, (double)r->n, 1) + 3 * u, sum = 0;
    for (int64_t i = 0; i < r->n; i++) {
        const double p = r->e[i].w / r->sum, l = r->e[i].d + lse, error = surprise_error(r, lse, i);
        const double part = error + u * BOUND_E(r->c, e_exp);
        entropy += p * l;
        off += p * (error + l * (part + c + 3 * u)), slack += p * part;
        sum += r->e[i].state == IN ? p : 0;
    }
    double last_in = -INFINITY, first_out = INFINITY, last = 0;
    qsort(r->e, (size_t)r->n, sizeof *r->e, by_rank);
    for (int64_t i = 0; i < r->n; i++) { /* from here on d and error are those of the score */
        const double l = r->e[i].d + lse, score = fabs(l - entropy);
        r->e[i].error = surprise_error(r, lse, i) + off + u * (l + entropy + score), r->e[i].d = score;
        if (r->e[i].state == IN)
            last_in = fmax(last_in, score - r->e[i].error);
        else
            first_out = fmin(first_out, score + r->e[i].error);
        if (i > 0 && r->e[i].z == r->e[i - 1].z && r->e[i].state > r->e[i - 1].state)
            return false; /* of equal ones the lower index comes first */
    }
    for (int64_t i = 0; i < r->n; i++) /* the likeliest that can have been the last */
        if (r->e[i].state == IN && r->e[i].d + r->e[i].error >= last_in)
            last = fmax(last, r->e[i].w / r->sum);
    return last_in <= first_out && (r->kept == r->n || sum >= a - slack) && (r->kept == 1 || sum - last < a + slack);
}

static bool right(const row *r)
{
    const assay_truncate_params *p = r->p;
    const bool whole = r->kept == r->n, sums = p->rule == ASSAY_TOP_P || p->rule == ASSAY_TYPICAL;
    if (p->rule == ASSAY_TOP_K)
        return r->kept && prefix(r) && (whole ? p->k == 0 || p->k >= r->n : r->kept == p->k);
    if (p->amount == 0 || (sums && p->amount >= 1))
        return whole;
    if (bound_over(r->c, fabs(r->m) / p->temp) > 0 || bound_over(r->c, r->most * fmax(p->temp, 1)) > 0)
        return true; /* inf - inf: of the set nothing is asked, none may stay */
    if (r->kept == 0)
        return false;
    const double lse = log(r->sum), ln_amount = log(p->amount), bits = p->amount * log(2) - lse;
    switch (p->rule) {
    case ASSAY_TOP_P:
        return top_p(r);
    case ASSAY_MIN_P:
        return alike(r) && each(r, threshold_error, fabs(ln_amount), -ln_amount, -1);
    case ASSAY_TYPICAL:
        return typical(r);
    default:
        return r->e[r->first].state == IN && (r->kept == 1 || alike(r)) && each(r, surprise_error, lse, bits, r->first);
    }
}

/* The rule of a row that has an answer: false, or what the kernel kept of it is a set of its logits. */
static bool answered(const assay_dense *a, int64_t at, const double *y, row *r)
{
    const int64_t V = a->dim[1];
    const double *z = (const double *)a->operand[0] + at * V;
    bool none = false;
    r->m = -INFINITY, r->n = r->kept = 0;
    for (int64_t v = 0; v < V; v++) {
        none = none || isnan(z[v]) || z[v] == INFINITY;
        r->m = z[v] > r->m ? z[v] : r->m;
    }
    double err = 0;
    r->sum = r->most = 0, r->first = r->last = r->next = -1;
    for (int64_t v = 0; v < V; v++) {
        const bool in = y[v] == z[v] && signbit(y[v]) == signbit(z[v]);
        if (none || r->m == -INFINITY ? !in && !(isnan(y[v]) && isnan(z[v])) : !in && y[v] != -INFINITY)
            return false;
        if (none || z[v] == -INFINITY)
            continue;
        const int64_t i = r->n++;
        entry *e = &r->e[i];
        *e = r->p->rule == ASSAY_TOP_K ? (entry){ .z = z[v], .id = v } : weigh(z[v], r->m, r->p->temp, v, r->c);
        e->state = in ? IN : OUT, r->kept += in;
        r->sum += e->w, err += e->error, r->most = fmax(r->most, e->d);
        r->first = r->first < 0 || z[v] > r->e[r->first].z ? i : r->first;
        r->last = in && (r->last < 0 || z[v] <= r->e[r->last].z) ? i : r->last;
        r->next = !in && (r->next < 0 || z[v] > r->e[r->next].z) ? i : r->next;
    }
    r->share = err / r->sum + bound_c(r->c, (double)r->n, 1);
    return none || r->m == -INFINITY || right(r);
}

VERIFY(truncate)
{
    const int64_t V = a->dim[1];
    row r = { .p = a->params, .c = c, .e = malloc((size_t)V * sizeof *r.e + 1) };
    bool ok = r.e != NULL;
    if (!ok)
        assay_fail(why, ASSAY_ERR_NOMEM, "truncate: no memory for V=%lld", (long long)V);
    for (int64_t at = 0; ok && at < a->dim[0]; at++) {
        const double *want = (const double *)a->operand[1] + at * V;
        int64_t kept = 0;
        ok = answered(a, at, (const double *)got[1] + at * V, &r);
        for (int64_t v = 0; v < V; v++)
            kept += want[v] > -INFINITY;
        if (!ok)
            assay_fail(why, ASSAY_ERR_ARG,
                       "truncate: row %lld: %lld of %lld ids stay, not those that can; the reference keeps %lld",
                       (long long)at, (long long)r.kept, (long long)V, (long long)kept);
    }
    free(r.e);
    return ok;
}
