/* SPDX-License-Identifier: MIT
 * Where: first as a product of index sets, one per dimension, each said by a table; then by what is wanted there, by
 * what an input holds there, and by storage order. */
#include "words.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- a set of indices of one dimension -------------------------------------------------------------------- */

typedef struct indices {
    const bool *in;
    int64_t n, count, first, last;
    char letter;
} indices;

static bool one(const indices *x, assay_say *w)
{
    if (x->count != 1)
        return false;
    if (x->n > 2 && x->first == x->n - 1)
        assay_say_add(w, "the last %c", x->letter);
    else
        assay_say_add(w, "%c=%lld", x->letter, (long long)x->first);
    return true;
}
static bool head(const indices *x, assay_say *w)
{
    if (x->first || x->last != x->count - 1)
        return false;
    assay_say_add(w, "the first %lld %c", (long long)x->count, x->letter);
    return true;
}
static bool tail(const indices *x, assay_say *w)
{
    if (x->last != x->n - 1 || x->last - x->first != x->count - 1)
        return false;
    if (x->count > x->n / 2 && x->count > 16) {
        assay_say_add(w, "%c from %lld on", x->letter, (long long)x->first);
        return true;
    }
    assay_say_add(w, "the last %lld %c", (long long)x->count, x->letter);
    for (int64_t m = 64; m >= 4; m /= 2)
        if (x->first % m == 0 && x->count < m) {
            assay_say_add(w, " (left over after a multiple of %lld)", (long long)m);
            break;
        }
    return true;
}
static bool range(const indices *x, assay_say *w)
{
    if (x->last - x->first != x->count - 1)
        return false;
    assay_say_add(w, "%c from %lld to %lld", x->letter, (long long)x->first, (long long)x->last);
    return true;
}
static bool residue(const indices *x, assay_say *w)
{
    for (int64_t m = 2; m <= 256 && 2 * m <= x->n && x->first < m; m += m < 8 ? 1 : m) {
        const int64_t r = x->first;
        int64_t i = 0;
        while (i < x->n && x->in[i] == (i % m == r))
            i++;
        if (i < x->n)
            continue;
        if (r)
            assay_say_add(w, "every %c = %lldk+%lld", x->letter, (long long)m, (long long)r);
        else
            assay_say_add(w, "every %c = %lldk", x->letter, (long long)m);
        return true;
    }
    return false;
}
/* i mod m below or from a number on */
static bool part_of_block(const indices *x, assay_say *w)
{
    for (int64_t m = 4; m <= 256 && 2 * m <= x->n; m *= 2)
        for (int64_t r = 1; r < m; r++)
            for (int upper = 0; upper < 2; upper++) {
                int64_t i = 0;
                while (i < x->n && x->in[i] == (upper ? i % m >= r : i % m < r))
                    i++;
                if (i < x->n)
                    continue;
                if (2 * r == m)
                    assay_say_add(w, "the %s half of every %lld %c", upper ? "upper" : "lower", (long long)m,
                                  x->letter);
                else
                    assay_say_add(w, "every %c with %c mod %lld %s %lld", x->letter, x->letter, (long long)m,
                                  upper ? ">=" : "<", (long long)r);
                return true;
            }
    return false;
}
static bool all_but(const indices *x, assay_say *w)
{
    if (x->n - x->count != 1 || x->n < 4)
        return false;
    int64_t i = 0;
    while (x->in[i])
        i++;
    assay_say_add(w, "every %c but %lld", x->letter, (long long)i);
    return true;
}
static bool few(const indices *x, assay_say *w)
{
    if (x->count > 4)
        return false;
    assay_say_add(w, "%c in", x->letter);
    for (int64_t i = 0, k = 0; i < x->n; i++)
        if (x->in[i])
            assay_say_add(w, "%s %lld", k++ ? "," : "", (long long)i);
    return true;
}

static bool (*const set_table[])(const indices *, assay_say *) = { one,     tail,          head,    range,
                                                                   residue, part_of_block, all_but, few };

static bool say_indices(const indices *x, assay_say *w)
{
    for (size_t t = 0; t < sizeof set_table / sizeof *set_table; t++)
        if (set_table[t](x, w))
            return true;
    return false;
}

/* ---- a product of such sets -------------------------------------------------------------------------------- */

static bool product(const assay_scene *s, assay_say *w)
{
    bool *in[ASSAY_MAX_RANK] = { NULL };
    indices x[ASSAY_MAX_RANK];
    double size = 1;
    bool ok = true;
    for (int r = 0; r < s->rank; r++) {
        in[r] = calloc((size_t)s->dim[r] + 1, sizeof(bool));
        for (int64_t i = 0; i < s->n; i++)
            if (s->wrong[i])
                in[r][assay_scene_at(s, i, r)] = true;
        x[r] = (indices){ in[r], s->dim[r], 0, -1, 0, s->letter[r] };
        for (int64_t i = 0; i < s->dim[r]; i++)
            if (in[r][i]) {
                x[r].count++;
                x[r].first = x[r].first < 0 ? i : x[r].first;
                x[r].last = i;
            }
        size *= (double)x[r].count;
    }
    ok = (double)s->n_wrong >= 0.9 * size;
    for (int r = 0; ok && r < s->rank; r++) {
        if (x[r].count == x[r].n)
            continue;
        if (w->at)
            assay_say_add(w, ", ");
        ok = say_indices(&x[r], w);
    }
    if (ok && !w->at)
        assay_say_add(w, "every element");
    if (!ok)
        *w = (assay_say){ "", 0 };
    for (int r = 0; r < s->rank; r++)
        free(in[r]);
    return ok;
}

/* ---- by values --------------------------------------------------------------------------------------------- */

static bool is_nan(double x)
{
    return isnan(x);
}
static bool is_inf(double x)
{
    return isinf(x);
}
static bool is_zero(double x)
{
    return x == 0;
}
static bool is_tiny(double x)
{
    return x != 0 && fabs(x) < 0x1p-126;
}
static bool is_below(double x)
{
    return x < 0;
}
static bool is_above(double x)
{
    return x > 0;
}
static const struct {
    const char *name;
    bool (*is)(double);
} kinds[] = { { "NaN", is_nan },        { "infinite", is_inf },   { "0", is_zero },
              { "subnormal", is_tiny }, { "negative", is_below }, { "positive", is_above } };

/* Holds at all wrong elements and at hardly any right one. */
typedef struct tally {
    int64_t wrong_in, right_in;
} tally;
static bool separates(const assay_scene *s, tally t)
{
    return t.wrong_in == s->n_wrong && (double)t.right_in <= 0.1 * (double)t.wrong_in && s->n_wrong < s->n;
}

static bool by_want(const assay_scene *s, assay_say *w)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        tally t = { 0, 0 };
        for (int64_t i = 0; i < s->n; i++)
            if (kinds[k].is(s->want[i]))
                *(s->wrong[i] ? &t.wrong_in : &t.right_in) += 1;
        if (separates(s, t)) {
            assay_say_add(w, "wherever %s is wanted",
                          !strcmp(kinds[k].name, "negative")   ? "a negative number"
                          : !strcmp(kinds[k].name, "positive") ? "a positive number"
                                                               : kinds[k].name);
            return true;
        }
    }
    return false;
}

/* Element of input o that lies over element i of the output, or -1: its letters must be among the output's (all but the
 * last when `row`). */
static int64_t under(const assay_scene *s, const char *shape, int64_t i, bool row)
{
    const int64_t *dim = s->p->c.dim;
    int64_t at = 0;
    for (const char *l = shape; *l && !(row && !l[1]); l++) {
        const char *r = strchr(s->letter, *l);
        if (!r)
            return -1;
        at = at * dim[assay_op_dim(s->p->c.op, *l)] + assay_scene_at(s, i, (int)(r - s->letter));
    }
    return at;
}

/* Whether the len values at v hold one of a kind; said[0]: 0 where nobody has looked yet, 1 no, 2 yes: a row that lies
 * over many elements of the output is read once, not once for each of them. */
static bool holds(bool (*is)(double), const double *v, int64_t len, char *said)
{
    if (!*said) {
        *said = 1;
        for (int64_t j = 0; *said == 1 && j < len; j++)
            *said = is(v[j]) ? 2 : 1;
    }
    return *said == 2;
}

static bool input_kind(const assay_scene *s, int o, bool row, assay_say *w)
{
    const assay_operand *d = &s->p->c.op->operands[o];
    const char *shape = d->shape;
    int64_t len = 1, rows = 1;
    for (const char *l = shape; *l; l++)
        *(row && !l[1] ? &len : &rows) *= s->p->c.dim[assay_op_dim(s->p->c.op, *l)];
    const double *v = s->p->before[o] ? s->p->before[o] : s->p->value[o];
    char *said = malloc((size_t)rows + 1);
    bool found = false;
    for (size_t k = 0; said && !found && k < sizeof kinds / sizeof *kinds; k++) {
        tally t = { 0, 0 };
        memset(said, 0, (size_t)rows);
        for (int64_t i = 0; i < s->n; i++) {
            const int64_t at = under(s, shape, i, row);
            if (at >= 0 && holds(kinds[k].is, v + at * len, len, said + at))
                *(s->wrong[i] ? &t.wrong_in : &t.right_in) += 1;
        }
        found = separates(s, t);
        if (found)
            assay_say_add(w, row ? "wherever a row of %s has a value that is %s" : "wherever %s is %s", d->name,
                          kinds[k].name);
    }
    free(said);
    return found;
}

/* |input| above or below a threshold separates wrong from right. */
static bool input_size(const assay_scene *s, int o, assay_say *w)
{
    const assay_operand *d = &s->p->c.op->operands[o];
    const double *v = s->p->before[o] ? s->p->before[o] : s->p->value[o];
    double wrong_min = INFINITY, wrong_max = 0, right_min = INFINITY, right_max = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t at = under(s, d->shape, i, false);
        const double x = at < 0 ? NAN : fabs(v[at]);
        if (isnan(x))
            return false;
        *(s->wrong[i] ? &wrong_min : &right_min) = fmin(x, s->wrong[i] ? wrong_min : right_min);
        *(s->wrong[i] ? &wrong_max : &right_max) = fmax(x, s->wrong[i] ? wrong_max : right_max);
    }
    if (s->n_wrong < 3 || s->n - s->n_wrong < 3)
        return false;
    if (wrong_min > right_max)
        return assay_say_add(w, "wherever |%s| is %.3g and more", d->name, wrong_min), true;
    if (wrong_max < right_min)
        return assay_say_add(w, "wherever |%s| is %.3g and less", d->name, wrong_max), true;
    return false;
}

static bool by_input(const assay_scene *s, assay_say *w)
{
    const assay_case *c = &s->p->c;
    for (int row = 0; row < 2; row++)
        for (int o = 0; o < c->op->n_operands; o++)
            if (c->op->operands[o].access != ASSAY_OUT && (c->present >> o & 1) &&
                (input_kind(s, o, row, w) || (!row && input_size(s, o, w))))
                return true;
    return false;
}

static bool by_storage(const assay_scene *s, assay_say *w)
{
    int64_t first = -1, last = 0;
    for (int64_t i = 0; i < s->n; i++)
        if (s->wrong[i])
            first = first < 0 ? i : first, last = i;
    if ((double)s->n_wrong < 0.9 * (double)(last - first + 1) || s->n_wrong < 3)
        return false;
    if (last == s->n - 1)
        assay_say_add(w, "from element %lld on", (long long)first);
    else
        assay_say_add(w, "elements %lld to %lld", (long long)first, (long long)last);
    return true;
}

static bool by_two(const assay_scene *s, assay_say *w)
{
    static const char *const name[] = { "=", "<", ">" };
    for (int a = 0; a < s->rank; a++)
        for (int b = a + 1; b < s->rank; b++)
            for (int rel = 0; rel < 3; rel++) {
                tally t = { 0, 0 };
                for (int64_t i = 0; i < s->n; i++) {
                    const int64_t x = assay_scene_at(s, i, a), y = assay_scene_at(s, i, b);
                    if (rel == 0 ? x == y : rel == 1 ? x < y : x > y)
                        *(s->wrong[i] ? &t.wrong_in : &t.right_in) += 1;
                }
                if (separates(s, t))
                    return assay_say_add(w, "wherever %c %s %c", s->letter[a], name[rel], s->letter[b]), true;
            }
    return false;
}

bool assay_words_where(const assay_scene *s, assay_say *w)
{
    static bool (*const table[])(const assay_scene *, assay_say *) = { product, by_want, by_input, by_two, by_storage };
    for (size_t t = 0; t < sizeof table / sizeof *table; t++)
        if (table[t](s, w))
            return true;
    return false;
}
