/* SPDX-License-Identifier: MIT */
#include "space.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/tensor.h"
#include "../../reference/core/status.h"
#include "ladder.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LETTERS = 128 };

static double elements(const double *length, const char *shape)
{
    double n = 1;
    for (; *shape; shape++)
        n *= length[(unsigned char)*shape];
    return n;
}

static double price_of(const assay_case *c, double most, double weight)
{
    const assay_op *op = c->op;
    assay_tensor t[ASSAY_MAX_OPND];
    double n = 0, visits = 1; /* pairs of a row and what it looks at: flops() may take that long */
    double length[LETTERS];   /* of a dimension by its letter; one of 0 excuses no other, loops run over it */
    for (int d = 0; op->dims[d]; d++)
        length[(unsigned char)op->dims[d]] = c->dim[d] ? (double)c->dim[d] : 1;
    for (int i = 0; i < op->n_operands; i++)
        n += (c->present >> i & 1) ? elements(length, op->operands[i].shape) : 0;
    for (int i = 0; i < op->n_planes; i++)
        n += elements(length, op->planes[i].shape) / 4;
    for (int d = 0; op->dims[d]; d++)
        if (op->role[d] == ASSAY_ROLE_ROWS || op->role[d] == ASSAY_ROLE_KEYS || op->role[d] == ASSAY_ROLE_SUM)
            visits *= (double)c->dim[d];
    n *= weight;
    if (n + visits / 16 > most)
        return n + visits / 16;
    assay_case_tensors(c, t);
    return n + op->flops(&(assay_args){ .operand = t, .dim = c->dim, .params = c->params }) / 16;
}

double assay_case_price(const assay_case *c, double most)
{
    return price_of(c, most, 1);
}

/* ---- factors ---------------------------------------------------------------------------------------------------- */

static void add(assay_space *s, assay_what what, int of, int n)
{
    if (s->n == ASSAY_MAX_FACTORS || s->choices + n > ASSAY_MAX_CHOICES)
        abort();
    for (int i = 0; i < n; i++) {
        s->factor_of[s->choices + i] = (unsigned char)s->n;
        const assay_role role = s->op->role[of];
        s->apart[s->choices + i] = what == ASSAY_RUNG ? assay_ladder_apart(role, assay_ladder_of(role).rung[i]) : 0;
    }
    s->factor[s->n++] = (assay_factor){ what, of, n, s->choices };
    s->choices += n;
}

static int types_of(const assay_operand *o)
{
    int n = 0;
    for (int t = 0; t < ASSAY_DTYPE_END; t++)
        n += ASSAY_HAS(o->types, t) != 0;
    return n;
}

static assay_dtype nth_type(const assay_operand *o, int n)
{
    for (int word = 0; word < 2; word++)
        for (uint64_t left = o->types.bits[word]; left; left &= left - 1)
            if (n-- == 0)
                return (assay_dtype)(64 * word + __builtin_ctzll(left));
    return ASSAY_DTYPE_END;
}

/* An operand is absent (OPTIONAL alone), whole, or, BROADCAST, spread over all dimensions, over all but one, over one.
 */
static int ways_of(const assay_operand *o)
{
    const int rank = (int)strlen(o->shape);
    return 1 + ((o->flags & ASSAY_OPTIONAL) != 0) +
           (o->flags & ASSAY_BROADCAST ? 1 + (rank > 1 ? rank : 0) + (rank > 2 ? rank : 0) : 0);
}

/* Dimensions, as bits, over which an operand is spread in its n-th way; -1: it is absent. */
static int64_t spread_of(const assay_op *op, const assay_operand *o, int n)
{
    uint32_t all = 0;
    if (o->flags & ASSAY_OPTIONAL && n-- == 0)
        return -1;
    if (n == 0)
        return 0;
    const int rank = (int)strlen(o->shape);
    for (int r = 0; r < rank; r++)
        all |= 1u << assay_op_dim(op, o->shape[r]);
    if (n == 1)
        return all;
    const uint32_t one = 1u << assay_op_dim(op, o->shape[(n - 2) % rank]);
    return n - 2 < rank ? all & ~one : one;
}

static int layouts_of(const assay_operand *o)
{
    return 1 + __builtin_popcount(o->layouts & ~1u);
}

static uint32_t nth_layout(const assay_operand *o, int n)
{
    uint32_t l = 0;
    while (n > 0)
        n -= o->layouts >> ++l & 1;
    return l;
}

static int add_gen(assay_space *s, int n, assay_value_gen g)
{
    for (int k = 0; k < n; k++)
        if (s->gen[k].gen == g.gen && s->gen[k].operand == g.operand)
            return n;
    if (n == ASSAY_MAX_GENS)
        abort();
    s->gen[n] = g;
    return n + 1;
}

/* Common ones, or the op's own of the same name; others of its own where the suite can say what they fit; special
 * values in each operand. */
static void add_gens(assay_space *s)
{
    const assay_typeset none = { { 0 } };
    int n = 0;
    for (size_t i = 0; i < assay_n_gens; i++) {
        assay_value_gen common = { &assay_gens[i], -1, none };
        for (size_t k = 0; k < s->suite->n_gens; k++)
            if (!strcmp(common.gen->name, s->suite->gens[k].name))
                common.gen = &s->suite->gens[k];
        n = add_gen(s, n, common);
    }
    for (size_t i = 0; s->suite->draws_own && i < s->suite->n_gens; i++)
        n = add_gen(s, n, (assay_value_gen){ &s->suite->gens[i], -1, none });
    assay_value_gen g;
    for (size_t i = 0; i < assay_gens_of(s->op, i, &g); i++)
        n = add_gen(s, n, g);
    add(s, ASSAY_GEN, 0, n);
}

void assay_space_init(assay_space *s, const assay_op *op, double price, const assay_case *cases, size_t n)
{
    memset(s, 0, sizeof *s);
    s->op = op;
    s->suite = assay_suite_of(op);
    s->price = price;
    s->weight = 1;
    for (int d = 0; op->dims[d]; d++) {
        const assay_ladder l = assay_ladder_of(op->role[d]);
        if (op->role[d] == ASSAY_ROLE_DERIVED)
            continue;
        add(s, ASSAY_RUNG, d, l.n);
        if (l.tails)
            add(s, ASSAY_TAIL, d, ASSAY_TAILS);
    }
    for (int i = 0; i < op->n_operands; i++) {
        const assay_operand *o = &op->operands[i];
        if (ways_of(o) > 1)
            add(s, ASSAY_GIVEN, i, ways_of(o));
        if (types_of(o) > 1)
            add(s, ASSAY_TYPE, i, types_of(o));
        if (layouts_of(o) > 1)
            add(s, ASSAY_LAYOUT, i, layouts_of(o));
    }
    for (int f = 0; f < op->n_fields; f++)
        add(s, ASSAY_FIELD_AT, f, assay_fields_of(&op->fields[f], cases, n, s->field[s->n]));
    add_gens(s);
}

/* ---- choices -> case -------------------------------------------------------------------------------------------- */

/* HEADS share the GROUPS that the next dimension counts. */
static int64_t heads_per(const assay_op *op, const assay_case *c, int d)
{
    return op->role[d] == ASSAY_ROLE_HEADS ? c->dim[d + 1] : 1;
}

static void apply(const assay_space *s, const int *choice, assay_case *c)
{
    memset(c, 0, sizeof *c);
    c->op = s->op;
    for (int d = 0; s->op->dims[d]; d++)
        c->dim[d] = s->op->role[d] == ASSAY_ROLE_DERIVED;
    for (int i = 0; i < s->op->n_operands; i++) {
        c->type[i] = nth_type(&s->op->operands[i], 0);
        c->present |= 1u << i;
    }
    for (int f = s->n - 1; f >= 0; f--) { /* groups before heads */
        const assay_factor *a = &s->factor[f];
        const assay_operand *o = &s->op->operands[a->of];
        const int n = choice[f];
        int64_t spread;
        switch (a->what) {
        case ASSAY_RUNG:
            c->dim[a->of] += assay_ladder_of(s->op->role[a->of]).rung[n] * heads_per(s->op, c, a->of);
            break;
        case ASSAY_TAIL:
            c->dim[a->of] += n;
            break;
        case ASSAY_TYPE:
            c->type[a->of] = nth_type(o, n);
            break;
        case ASSAY_LAYOUT:
            c->layout[a->of] = nth_layout(o, n);
            break;
        case ASSAY_GIVEN:
            spread = spread_of(s->op, o, n);
            c->present &= ~((uint32_t)(spread < 0) << a->of);
            c->spread_over[a->of] = spread < 0 ? 0 : (uint32_t)spread;
            break;
        case ASSAY_FIELD_AT: /* below: some are beside a length */
            break;
        case ASSAY_GEN:
            c->gen = s->gen[n].gen;
            c->gen_at = (uint8_t)(1 + s->gen[n].operand);
            break;
        }
    }
    for (int i = 0; i < s->op->n_operands; i++)
        if (!(c->present >> i & 1))
            c->type[i] = nth_type(&s->op->operands[i], 0), c->layout[i] = 0;
    for (int f = 0; f < s->n; f++)
        if (s->factor[f].what == ASSAY_FIELD_AT)
            assay_fields_apply(s, f, choice[f], c);
}

/* The last dimension of each operand is whole blocks of its type. */
static void whole_blocks(assay_case *c)
{
    for (int i = 0; i < c->op->n_operands; i++) {
        const char *shape = c->op->operands[i].shape;
        const int64_t block = assay_dtype_of(c->type[i])->block;
        if (block == 1 || !*shape || !(c->present >> i & 1))
            continue;
        int64_t *n = &c->dim[assay_op_dim(c->op, shape[strlen(shape) - 1])];
        *n = (*n + block - 1) / block * block;
    }
}

/* Does the generator make sense with the type of the operand that it names? */
static bool gen_takes(const assay_space *s, const assay_case *c)
{
    const int at = c->gen_at - 1;
    for (int n = 0; at >= 0 && n < ASSAY_MAX_GENS && s->gen[n].gen; n++)
        if (s->gen[n].gen == c->gen && s->gen[n].operand == at)
            return (c->present >> at & 1) && ASSAY_HAS(s->gen[n].types, c->type[at]);
    return true;
}

bool assay_space_agree(const assay_space *s, int gen, int factor, int choice)
{
    const assay_factor *a = &s->factor[factor];
    const assay_value_gen *g = &s->gen[gen];
    const assay_operand *o = &s->op->operands[a->of];
    if (g->operand != a->of)
        return true;
    return a->what == ASSAY_TYPE    ? ASSAY_HAS(g->types, nth_type(o, choice)) != 0
           : a->what == ASSAY_GIVEN ? spread_of(s->op, o, choice) >= 0
                                    : true;
}

/* What resolve() need not know: an index into an empty table; a block's scale that its format cannot hold; a generator
 * that is not what its tag says. */
static assay_status odd(const assay_space *s, const assay_case *c, assay_why *why)
{
    for (int i = 0; i < c->op->n_operands; i++) {
        const assay_operand *o = &c->op->operands[i];
        if (!(c->present >> i & 1))
            continue;
        if ((o->flags & ASSAY_INDEX) && c->dim[assay_op_dim(c->op, o->index_of)] == 0 &&
            assay_op_shape(c->op, o->shape, c->dim, NULL))
            return assay_fail(why, ASSAY_ERR_SHAPE, "%s: %s has entries, but %c is 0", c->op->name, o->name,
                              o->index_of);
        if (c->gen->most > 0x1p20 && assay_dtype_of(c->type[i])->block > 1)
            return assay_fail(why, ASSAY_ERR_DTYPE, "%s: gen=%s: scales of %s would overflow f16", c->op->name,
                              c->gen->name, o->name);
    }
    if (!gen_takes(s, c))
        return assay_fail(why, ASSAY_ERR_ARG, "%s: gen=%s says nothing of an operand that is absent or of that type",
                          c->op->name, c->gen->name);
    return s->suite->fits && !s->suite->fits(c, why) ? ASSAY_ERR_ARG : ASSAY_OK;
}

static assay_status legal(const assay_space *s, const assay_case *c, assay_why *why)
{
    const assay_status st = assay_case_check(c, why);
    return st ? st : odd(s, c, why);
}

/* The free length that is the highest, some rungs lower, or, at the lowest rung, a smaller remainder; false: none is
 * left. */
static bool lower(const assay_space *s, int *choice, const bool *free)
{
    int64_t most = 0;
    int at = -1;
    for (int f = 0; f < s->n; f++) {
        const assay_factor *a = &s->factor[f];
        const bool rung = a->what == ASSAY_RUNG && choice[f] > 0, tail = a->what == ASSAY_TAIL && choice[f] > 1;
        const int64_t n = rung ? assay_ladder_of(s->op->role[a->of]).rung[choice[f]] : tail ? choice[f] : 0;
        if (free[f] && n > most)
            most = n, at = f;
    }
    if (at >= 0)
        choice[at] = choice[at] * 3 / 4;
    return at >= 0;
}

static double make(const assay_space *s, const int *choice, assay_case *c)
{
    apply(s, choice, c);
    if (s->suite->mend)
        s->suite->mend(c);
    whole_blocks(c);
    return price_of(c, s->price, s->weight);
}

bool assay_space_affords(const assay_space *s, const int *choice)
{
    assay_case c;
    return make(s, choice, &c) <= s->price;
}

/* The plainest generator in place of a free one that names an operand; false: it names none. */
static bool plainer(const assay_space *s, int *choice, const bool *free)
{
    const int f = s->n - 1;
    const bool other = free[f] && s->gen[choice[f]].operand >= 0;
    choice[f] = other ? 0 : choice[f];
    return other;
}

assay_made assay_space_case(const assay_space *s, const int *choice, const bool *free, assay_case *c, assay_why *why)
{
    int mine[ASSAY_MAX_FACTORS];
    double price;
    memcpy(mine, choice, (size_t)s->n * sizeof *mine);
    do {
        price = make(s, mine, c);
        if (price <= s->price) {
            assay_status st = legal(s, c, why);
            if (st && plainer(s, mine, free)) {
                make(s, mine, c);
                st = legal(s, c, why);
            }
            return st ? ASSAY_REFUSED : ASSAY_MADE;
        }
    } while (lower(s, mine, free));
    assay_fail(why, ASSAY_OK, "costs %.3g, at most %.3g at this level", price, s->price);
    return ASSAY_TOO_DEAR;
}

/* ---- case -> choices -------------------------------------------------------------------------------------------- */

static int read_length(const assay_space *s, const assay_factor *a, const assay_case *c)
{
    const assay_ladder l = assay_ladder_of(s->op->role[a->of]);
    const int64_t per = heads_per(s->op, c, a->of), n = per ? c->dim[a->of] / per : 0;
    int at = l.n - 1;
    if (a->what == ASSAY_TAIL)
        return (int)(n % ASSAY_TAILS);
    while (at >= 0 && (l.rung[at] > n || (n - l.rung[at] >= ASSAY_TAILS &&
                                          assay_ladder_apart(s->op->role[a->of], l.rung[at]) == ASSAY_APART_SELDOM)))
        at--; /* of few models: itself, not what lies above */
    return l.tails || (at >= 0 && l.rung[at] == n) ? at : -1;
}

static int read_one(const assay_space *s, int f, const assay_case *c)
{
    const assay_factor *a = &s->factor[f];
    const assay_operand *o = &s->op->operands[a->of];
    const bool there = c->present >> a->of & 1;
    for (int n = 0; n < a->n; n++) {
        int64_t spread;
        bool is = false;
        switch (a->what) {
        case ASSAY_RUNG:
        case ASSAY_TAIL:
            return read_length(s, a, c);
        case ASSAY_TYPE:
            is = there && nth_type(o, n) == c->type[a->of];
            break;
        case ASSAY_LAYOUT:
            is = there && nth_layout(o, n) == c->layout[a->of];
            break;
        case ASSAY_GIVEN:
            spread = spread_of(s->op, o, n);
            is = spread < 0 ? !there : there && c->spread_over[a->of] == spread;
            break;
        case ASSAY_FIELD_AT:
            return assay_fields_read(s, f, c);
        case ASSAY_GEN:
            is = c->gen == s->gen[n].gen && c->gen_at == 1 + s->gen[n].operand;
            break;
        }
        if (is)
            return n;
    }
    return -1;
}

void assay_space_read(const assay_space *s, const assay_case *c, int *choice)
{
    for (int f = 0; f < s->n; f++)
        choice[f] = read_one(s, f, c);
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

void assay_space_name(const assay_space *s, int factor, int choice, char *text, size_t n)
{
    const assay_factor *a = &s->factor[factor];
    const assay_op *op = s->op;
    const assay_operand *o = &op->operands[a->of];
    int64_t spread;
    switch (a->what) {
    case ASSAY_RUNG:
        snprintf(text, n,
                 op->role[a->of] == ASSAY_ROLE_HEADS    ? "%c=%lld %c"
                 : op->role[a->of] == ASSAY_ROLE_GROUPS ? "%c=%lld"
                                                        : "%c=%lld..",
                 op->dims[a->of], (long long)assay_ladder_of(op->role[a->of]).rung[choice], op->dims[a->of + 1]);
        break;
    case ASSAY_TAIL:
        snprintf(text, n, "%c mod %d=%d", op->dims[a->of], ASSAY_TAILS, choice);
        break;
    case ASSAY_TYPE:
        snprintf(text, n, "%s=%s", o->name, assay_dtype_of(nth_type(o, choice))->name);
        break;
    case ASSAY_LAYOUT:
        snprintf(text, n, "%s:%s", o->name, choice ? assay_layout_of(nth_layout(o, choice))->name : "strides");
        break;
    case ASSAY_GIVEN:
        spread = spread_of(op, o, choice);
        snprintf(text, n, spread < 0 ? "%s absent" : spread ? "%s/" : "%s whole", o->name);
        for (const char *l = o->shape; spread > 0 && *l && strlen(text) + 1 < n; l++)
            if (!(spread >> assay_op_dim(op, *l) & 1))
                strncat(text, l, 1);
        break;
    case ASSAY_FIELD_AT:
        assay_fields_name(s, factor, choice, text, n);
        break;
    case ASSAY_GEN:
        snprintf(text, n, "gen=%s%s%s", s->gen[choice].gen->name, s->gen[choice].operand < 0 ? "" : "@",
                 s->gen[choice].operand < 0 ? "" : op->operands[s->gen[choice].operand].name);
        break;
    }
}
