/* SPDX-License-Identifier: MIT
 * The kinds of values, one function for an element of each.  Where values have to meet (inf and 0 in one product) they
 * stand at *the place*: the same index of each innermost dimension in every operand, and one residue modulo 3 of every
 * other dimension, so that rows with and without them stand side by side. */
#include "dtype.h"
#include "registry.h"
#include "secret.h"
#include "tensor.h"
#include "values.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct assay_spot {
    const assay_case *c;
    const assay_value_kind *kind;
    bool here;    /* it is the operand that the generator names */
    bool partner; /* of the other ones of numbers with the same innermost dimension the one whose turn it is */
    bool meets;   /* this one, or one whose rows lie beside those of that operand: by turns */
    bool rows;    /* of both: it is that */
    bool strange; /* it shares no dimension with that operand */
    int i, rank;
    int64_t dim[ASSAY_MAX_RANK], place[ASSAY_MAX_RANK], len, tile;
    int64_t most[2]; /* of positions, on either side of 0 */
    bool inner[ASSAY_MAX_RANK];
    uint64_t seed;
    assay_rng *r;
} spot;

/* A number of its own for each (what, index) of a case, whatever was drawn before. */
static uint64_t hash(const spot *s, uint64_t what, uint64_t index)
{
    assay_rng r = { s->seed, (what + 1) << 32, index };
    return assay_rng_u64(&r);
}

static char innermost(const assay_op *op, int i)
{
    const size_t rank = strlen(op->operands[i].shape);
    return rank ? op->operands[i].shape[rank - 1] : 0;
}

static bool is_innermost(const assay_op *op, char letter)
{
    for (int k = 0; k < op->n_operands; k++)
        if (op->operands[k].access != ASSAY_OUT && strlen(op->operands[k].shape) > 1 && innermost(op, k) == letter)
            return true;
    return false;
}

static const uint32_t role = ASSAY_INDEX | ASSAY_POSITION | ASSAY_COUNT | ASSAY_MASK;

/* Of the operands of numbers, plain ones if there are such, that have the innermost dimension of `at` (beside: whose
 * rows lie beside its own) the one whose turn it is by the seed; -1: none has. */
static int partner_of(const spot *s, int at, bool beside)
{
    const assay_op *op = s->c->op;
    int found[ASSAY_MAX_OPND], n = 0;
    for (int plain = 1; plain >= 0 && n == 0; plain--)
        for (int k = 0; k < op->n_operands; k++)
            if (k != at && (s->c->present >> k & 1) && op->operands[k].access != ASSAY_OUT &&
                !(op->operands[k].flags & role) && (!plain || assay_dtype_of(s->c->type[k])->block == 1) &&
                (beside ? assay_values_beside(op, at, k) : innermost(op, k) && innermost(op, k) == innermost(op, at)))
                found[n++] = k;
    return n ? found[hash(s, 101, 0) % (uint64_t)n] : -1;
}

/* Would the op take the case with all of operand i at this position? */
static bool takes(const assay_case *c, int i, int32_t position)
{
    assay_tensor t[ASSAY_MAX_OPND];
    assay_why why;
    _Alignas(16) unsigned char params[ASSAY_MAX_PARAMS];
    assay_case_tensors(c, t);
    const int64_t n = assay_tensor_count(&t[i]);
    int32_t *all = calloc((size_t)n + 1, sizeof *all);
    for (int64_t k = 0; all && k < n; k++)
        all[k] = position;
    memcpy(params, c->params, sizeof params);
    t[i].data = all;
    const bool ok =
        all && !assay_check(c->op, &(assay_args){ .operand = t, .dim = c->dim, .params = params }, params, &why);
    free(all);
    return ok;
}

/* How far positions may lie, which only the op knows: it is asked. */
static int64_t furthest(const assay_case *c, int i, int side)
{
    int64_t most = 0;
    for (int bit = 30; bit >= 0; bit--)
        if (takes(c, i, (int32_t)(side * (most | INT64_C(1) << bit))))
            most |= INT64_C(1) << bit;
    return most;
}

static spot spot_of(const assay_case *c, int i, assay_rng *r)
{
    const assay_op *op = c->op;
    const int at_operand = c->gen_at - 1;
    spot s = { .c = c, .kind = (const assay_value_kind *)(const void *)c->gen, .i = i, .len = 1, .r = r };
    s.here = i == at_operand;
    s.seed = assay_secret_seed(c->seed);
    const int partner = partner_of(&s, at_operand, false), beside = partner_of(&s, at_operand, true);
    s.rows = beside >= 0 && (partner < 0 || hash(&s, 102, 0) & 1);
    s.partner = i == partner;
    s.meets = i == (s.rows ? beside : partner);
    s.strange = true;
    for (const char *l = op->operands[i].shape; *l; l++)
        s.strange = s.strange && !strchr(op->operands[at_operand].shape, *l);
    s.tile = INT64_C(16) << hash(&s, 100, 0) % 3;
    for (const char *l = op->operands[i].shape; *l; l++) {
        const int d = assay_op_dim(op, *l), at = s.rank++;
        const int64_t whole = c->dim[d] > 0 ? c->dim[d] : 1;
        s.dim[at] = c->spread_over[i] >> d & 1 ? 1 : whole;
        s.inner[at] = is_innermost(op, *l);
        s.place[at] = (int64_t)(hash(&s, (uint64_t)d, 0) % (uint64_t)whole);
    }
    s.len = s.rank ? s.dim[s.rank - 1] : 1;
    for (int side = 0; side < 2 && s.here && (s.kind->on & ASSAY_ON_POSITIONS); side++)
        s.most[side] = furthest(c, i, side ? -1 : 1);
    return s;
}

/* Element j stands at the place, `beside` further along the innermost dimension, within `run` elements of it. */
static bool at_place(const spot *s, int64_t j, int64_t beside, int64_t run)
{
    for (int k = s->rank - 1; k >= 0; k--) {
        const int64_t at = j % s->dim[k], want = (s->place[k] + (k == s->rank - 1 ? beside : 0)) % s->dim[k];
        j /= s->dim[k];
        if (s->dim[k] > 1 && !(s->inner[k] ? at / run == want / run : at % 3 == want % 3))
            return false;
    }
    return true;
}

/* Rows (of a vector: elements) take turns: 0, 1 or 2. */
static int turn(const spot *s, int64_t j)
{
    return (int)(hash(s, 200 + (uint64_t)s->i, (uint64_t)(s->rank > 1 ? j / s->len : j)) % 3);
}

static double draw_sign(const spot *s)
{
    return assay_rng_u64(s->r) & 1 ? -1 : 1;
}
static double positive(const spot *s)
{
    return 0.5 + assay_rng_uniform(s->r);
}

/* Other operands: ordinary numbers, or zeros, so that a product decides as well as a sum; in the partner numbers about
 * 2^size, too, as far as its type holds them. */
static double another(const spot *s, int64_t j, int size)
{
    const assay_dtype here = s->c->type[s->c->gen_at - 1], own = s->c->type[s->i];
    const bool wide = here != ASSAY_f16 && (own == ASSAY_f32 || own == ASSAY_bf16);
    const int within = wide || !size ? size : size > 0 ? 12 : -12;
    const double sized = ldexp(positive(s), within), normal = assay_rng_normal(s->r), zero = 0 * draw_sign(s);
    const int t = turn(s, j);
    return t == 0 && s->partner ? sized : t < 2 ? normal : zero;
}

static double plain(const spot *s, int64_t j)
{
    (void)j;
    return assay_rng_normal(s->r);
}

static double plant(const spot *s, int64_t j)
{
    const double v = assay_rng_normal(s->r);
    return s->here && at_place(s, j, 0, 1) ? s->kind->value : v;
}

/* Both in one row, or one of them here and the other where it may meet it: in the partner, in a vector that is added.
 */
static double opposite(const spot *s, int64_t j)
{
    const double v = positive(s);
    const bool apart = hash(s, 300, 0) & 1;
    if (at_place(s, j, 0, 1) && (s->here || (apart && (s->partner || s->strange))))
        return s->here ? INFINITY : -INFINITY;
    return s->here && !apart && s->len > 1 && at_place(s, j, 1 + s->len / 2, 1) ? -INFINITY : v;
}

static double zero_and(const spot *s, int64_t j)
{
    const double v = assay_rng_normal(s->r);
    const bool blocks = assay_dtype_of(s->c->type[s->i])->block > 1 || hash(s, 400, 0) & 1;
    const int64_t run = !s->here ? 1 : s->rows ? s->len : blocks ? 32 : 1;
    return !at_place(s, j, 0, run) ? v : s->here ? 0 : s->meets ? s->kind->value : v;
}

static double zeros(const spot *s, int64_t j)
{
    const double zero = 0 * draw_sign(s);
    return s->here ? zero : another(s, j, 0);
}

typedef struct range { /* of a type of plain numbers: 2^least is the smallest normal one, 2^most the largest power */
    int least, most, mantissa;
} range;

static range range_of(assay_dtype t)
{
    return t == ASSAY_f16    ? (range){ -14, 15, 10 }
           : t == ASSAY_bf16 ? (range){ -126, 127, 7 }
                             : (range){ -126, 127, 23 };
}

static double subnormal(const spot *s, int64_t j)
{
    const range e = range_of(s->c->type[s->i]);
    const int64_t any = 1 + assay_rng_below(s->r, (INT64_C(1) << e.mantissa) - 1), few = 1 + assay_rng_below(s->r, 3);
    const double sign = draw_sign(s), step = ldexp(sign, e.least - e.mantissa);
    return s->here ? step * (double)(j % 3 ? any : few) : another(s, j, 100);
}

static double smallest_normal(const spot *s, int64_t j)
{
    const range e = range_of(s->c->type[s->i]);
    const double u = ldexp(1, -e.mantissa), sign = draw_sign(s);
    const double step[] = { 1, 1 + u, 1 - u, 2 };
    const double v = ldexp(sign * step[assay_rng_below(s->r, 4)], e.least);
    return s->here ? v : another(s, j, 100);
}

/* Others: small, one 1 among zeros, or zeros. Of an output: what brings it there. */
static double end(const spot *s, int64_t j)
{
    if (assay_values_land(s->c->op, s->c->gen_at - 1))
        return assay_held(s->c->type[s->i], assay_suite_of(s->c->op)->land(s->c, s->i, j));
    const range e = range_of(s->c->type[s->i]);
    const double u = ldexp(1, -e.mantissa), sign = draw_sign(s), small = 0x1p-20 * positive(s);
    const double below[] = { 2 - u, 2 - 2 * u, 1.5, 1 };
    const double v = ldexp(sign * below[assay_rng_below(s->r, 4)], e.most);
    const int t = turn(s, j);
    return s->here ? v : t == 0 ? small : t == 1 && at_place(s, j, 0, 1) ? 1 : 0;
}

static double square_under(const spot *s, int64_t j)
{
    const double row = 60 + (double)(hash(s, 700, (uint64_t)(j / s->len)) % 24);
    const double v = exp2(-row - 4 * assay_rng_uniform(s->r)) * draw_sign(s);
    return s->here ? v : another(s, j, 40);
}
static double square_over(const spot *s, int64_t j)
{
    const double row = 56 + (double)(hash(s, 701, (uint64_t)(j / s->len)) % 12);
    const double v = exp2(row + 2 * assay_rng_uniform(s->r)) * draw_sign(s);
    return s->here ? v : another(s, j, -60);
}

/* Powers of two and what lies beside them, the larger ones more often; every fourth at an end or one before. */
static double far(const spot *s, int64_t j)
{
    const double normal = assay_rng_normal(s->r), sign = draw_sign(s);
    const int64_t few = assay_rng_below(s->r, 5), any = assay_rng_below(s->r, 31), beside = assay_rng_below(s->r, 3);
    const int64_t below = s->most[1] ? s->most[1] : s->most[0], most = sign < 0 ? below : s->most[0];
    const int64_t high = most ? ilogb((double)most) : 0, bit = any % 4 && few <= high ? high - few : any % (high + 1);
    const int64_t v = j % 4 ? (INT64_C(1) << bit) + beside - 1 : most - (beside & most & 1);
    return !s->here ? normal : (double)(v < most ? v : most) * (s->most[1] ? sign : 1);
}

/* ---- the shape of data ---- */

static double equal_start(const spot *s, int64_t j)
{
    const double v = assay_rng_normal(s->r);
    assay_rng shared = { s->seed, UINT64_C(500) << 32, (uint64_t)(j % s->len) * 2 };
    return s->here && j % s->len < s->tile ? assay_rng_normal(&shared) : v;
}
static double zero_tile(const spot *s, int64_t j)
{
    const double v = assay_rng_normal(s->r);
    return s->here && j % s->len < s->tile ? 0 : v;
}
static double low_tile(const spot *s, int64_t j)
{
    const double v = assay_rng_normal(s->r);
    return s->here && j % s->len < s->tile ? v - 1e4 : v;
}
static double one_spike(const spot *s, int64_t j)
{
    const double v = assay_rng_normal(s->r);
    const uint64_t at = hash(s, 600, (uint64_t)(j / s->len)) % (uint64_t)s->len;
    return s->here && (uint64_t)(j % s->len) == at ? 4096 * v : v;
}
static double all_low(const spot *s, int64_t j)
{
    (void)j;
    const double v = assay_rng_normal(s->r);
    return s->here ? v - 1e4 : v;
}

bool assay_value_fill(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const spot s = spot_of(c, i, r);
    if ((c->op->operands[i].flags & role) && !s.here)
        return false;
    for (int64_t j = 0; j < n; j++)
        value[i][j] = s.kind->element(&s, j);
    return true;
}

#define ALL    (ASSAY_ON_FLOATS | ASSAY_ON_BLOCKS)
#define MASKED (ASSAY_ON_FLOATS | ASSAY_ON_MASK)
#define KIND(name, tag, says)                                                                                          \
    {                                                                                                                  \
        name, tag, assay_value_fill, NULL, says                                                                        \
    }
#define SCALE(f)   ASSAY_ON_SCALES, plain, 0, f, false
#define MINIMUM(f) ASSAY_ON_MINIMA, plain, 0, f, true
const assay_value_kind assay_value_kinds[] = {
    { KIND("nan", ASSAY_TAG_CLASS, "NaN at one place of two rows in three"), ASSAY_ON_FLOATS, plant, NAN },
    { KIND("inf", ASSAY_TAG_CLASS, "+inf at one place of some rows"), ASSAY_ON_FLOATS, plant, INFINITY },
    { KIND("minus-inf", ASSAY_TAG_CLASS, "-inf at one place of some rows"), MASKED, plant, -INFINITY },
    { KIND("inf-inf", ASSAY_TAG_CLASS, "+inf and -inf in one row, or in two operands at one place"), ASSAY_ON_FLOATS,
      opposite, 0 },
    { KIND("zero-inf", ASSAY_TAG_CLASS, "0, or 32 of them, or a row, where another operand holds +inf"),
      ALL | ASSAY_ON_PAIRS, zero_and, INFINITY },
    { KIND("zero-nan", ASSAY_TAG_CLASS, "0, or 32 of them, or a row, where another operand holds NaN"),
      ALL | ASSAY_ON_PAIRS, zero_and, NAN },
    { KIND("signed-zero", ASSAY_TAG_CLASS, "zeros of both signs"), MASKED, zeros, 0 },
    { KIND("subnormal", ASSAY_TAG_ADVERSARIAL, "subnormals of its type; others lift them back"), MASKED, subnormal, 0 },
    { KIND("smallest-normal", ASSAY_TAG_ADVERSARIAL, "the smallest normal number of its type and its neighbours"),
      MASKED, smallest_normal, 0 },
    { KIND("end", ASSAY_TAG_ADVERSARIAL, "the largest numbers of its type; of an output, those beyond it, too"),
      MASKED | ASSAY_ON_OUTPUT, end, 0 },
    { KIND("square-under", ASSAY_TAG_ADVERSARIAL, "numbers whose squares underflow f32"), ASSAY_ON_WIDE, square_under,
      0 },
    { KIND("square-over", ASSAY_TAG_ADVERSARIAL, "numbers whose squares overflow f32"), ASSAY_ON_WIDE, square_over, 0 },
    { KIND("equal-start", ASSAY_TAG_ADVERSARIAL, "rows that agree in their first 16, 32 or 64 elements"),
      ALL | ASSAY_ON_MASK, equal_start, 0 },
    { KIND("zero-tile", ASSAY_TAG_ADVERSARIAL, "rows whose first 16, 32 or 64 elements are 0"), ALL | ASSAY_ON_MASK,
      zero_tile, 0 },
    { KIND("low-tile", ASSAY_TAG_ADVERSARIAL, "rows whose first 16, 32 or 64 elements are 10,000 below the rest"),
      ALL | ASSAY_ON_MASK, low_tile, 0 },
    { KIND("one-spike", ASSAY_TAG_ADVERSARIAL, "one element of each row 4,096 times larger, at any place"),
      ALL | ASSAY_ON_MASK, one_spike, 0 },
    { KIND("all-low", ASSAY_TAG_ADVERSARIAL, "all about -10,000"), ALL | ASSAY_ON_MASK, all_low, 0 },
    { KIND("far", ASSAY_TAG_ADVERSARIAL,
           "positions at powers of two and beside them, to the furthest of either sign that the op takes"),
      ASSAY_ON_POSITIONS, far, 0 },
    { KIND("scale-zero", ASSAY_TAG_ADVERSARIAL, "block scales of 0 and -0"), SCALE(assay_code_zero) },
    { KIND("scale-subnormal", ASSAY_TAG_ADVERSARIAL, "block scales that are subnormal f16"),
      SCALE(assay_code_subnormal) },
    { KIND("scale-minus", ASSAY_TAG_ADVERSARIAL, "block scales below 0"), SCALE(assay_code_minus) },
    { KIND("scale-end", ASSAY_TAG_ADVERSARIAL, "block scales of 65,504"), SCALE(assay_code_end) },
    { KIND("scale-inf", ASSAY_TAG_CLASS, "infinite block scales"), SCALE(assay_code_inf) },
    { KIND("scale-nan", ASSAY_TAG_CLASS, "block scales that are NaN"), SCALE(assay_code_nan) },
    { KIND("minimum-zero", ASSAY_TAG_ADVERSARIAL, "block minima of 0 and -0"), MINIMUM(assay_code_zero) },
    { KIND("minimum-subnormal", ASSAY_TAG_ADVERSARIAL, "block minima that are subnormal f16"),
      MINIMUM(assay_code_subnormal) },
    { KIND("minimum-end", ASSAY_TAG_ADVERSARIAL, "block minima of 65,504"), MINIMUM(assay_code_end) },
    { KIND("minimum-inf", ASSAY_TAG_CLASS, "infinite block minima"), MINIMUM(assay_code_inf) },
    { KIND("minimum-nan", ASSAY_TAG_CLASS, "block minima that are NaN"), MINIMUM(assay_code_nan) },
};
const size_t assay_n_value_kinds = ASSAY_COUNT_OF(assay_value_kinds);
