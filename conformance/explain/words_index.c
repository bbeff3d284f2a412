/* SPDX-License-Identifier: MIT
 * How, by place: what came belongs to another index of one dimension, to another corner, or is a row of some input. */
#include "../../reference/core/status.h"
#include "words.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_WRONG = 2048, LONGEST = 256 };

/* A map of indices 0 .. n-1 with a parameter k: where the value that stands at `at` belongs; -1: nowhere. */
typedef struct map {
    int64_t (*to)(int64_t at, int64_t n, int64_t k);
    bool both;         /* the parameter runs from -n to n, else from 1 */
    int64_t most;      /* largest parameter; 0: n - 1; -1: no parameter */
    const char *words; /* %c: the dimension */
} map;

static int64_t shifted(int64_t at, int64_t n, int64_t k)
{
    return at + k >= 0 && at + k < n ? at + k : -1;
}
static int64_t rotated(int64_t at, int64_t n, int64_t k)
{
    return (at + k) % n;
}
static int64_t reversed(int64_t at, int64_t n, int64_t k)
{
    (void)k;
    return n - 1 - at;
}
static int64_t swapped(int64_t at, int64_t n, int64_t k)
{
    return (at ^ k) < n ? at ^ k : -1;
}
static int64_t modulo(int64_t at, int64_t n, int64_t k)
{
    (void)n;
    return at % (k + 1);
}
static int64_t divided(int64_t at, int64_t n, int64_t k)
{
    (void)n;
    return at / (k + 1);
}
static int64_t constant(int64_t at, int64_t n, int64_t k)
{
    (void)at;
    return k - 1 < n ? k - 1 : -1;
}
static int64_t spread(int64_t at, int64_t n, int64_t k) /* halves to pairs */
{
    (void)k;
    return n % 2 ? -1 : at < n / 2 ? 2 * at : 2 * (at - n / 2) + 1;
}
static int64_t gathered(int64_t at, int64_t n, int64_t k) /* pairs to halves */
{
    (void)k;
    return n % 2 ? -1 : at / 2 + at % 2 * (n / 2);
}
static const map maps[] = {
    { shifted, true, 0, "" },
    { reversed, false, -1, "in reverse order along %c" },
    { swapped, false, 32, "" },
    { gathered, false, -1, "%c in pairs where it should lie in halves" },
    { spread, false, -1, "%c in halves where it should lie in pairs" },
    { constant, false, 0, "" },
    { modulo, false, 0, "" },
    { divided, false, 0, "" },
    { rotated, false, 0, "" },
};

static void say_map(const map *m, int64_t k, char letter, assay_say *w)
{
    if (m->to == shifted)
        assay_say_add(w, "holds what belongs to %c%+lld", letter, (long long)k);
    else if (m->to == swapped)
        assay_say_add(w, "holds what belongs to %c xor %lld", letter, (long long)k);
    else if (m->to == constant)
        assay_say_add(w, "holds what belongs to %c=%lld", letter, (long long)k - 1);
    else if (m->to == modulo)
        assay_say_add(w, "holds what belongs to %c mod %lld", letter, (long long)k + 1);
    else if (m->to == divided)
        assay_say_add(w, "holds what belongs to %c / %lld", letter, (long long)k + 1);
    else if (m->to == rotated)
        assay_say_add(w, "%c is rotated by %lld", letter, (long long)k);
    else {
        const char *mark = strstr(m->words, "%c");
        assay_say_add(w, "%.*s%c%s", (int)(mark - m->words), m->words, letter, mark + 2);
    }
}

/* Share of the wrong elements whose value belongs where the map says; gives up early. */
static double fraction(const assay_scene *s, const int64_t *wrong, int64_t n, int r, const map *m, int64_t k)
{
    const int64_t step = assay_scene_step(s, r);
    int64_t hits = 0;
    for (int64_t j = 0; j < n; j++) {
        const int64_t at = assay_scene_at(s, wrong[j], r), to = m->to(at, s->dim[r], k);
        hits += to >= 0 && to != at && assay_scene_fits(s, s->got[wrong[j]], wrong[j] + (to - at) * step);
        if (hits + (n - 1 - j) < (n * 3 + 3) / 4)
            return 0;
    }
    return (double)hits / (double)n;
}

/* With few wrong elements a small integer or a value that stands everywhere fits by chance. */
static bool telling(const assay_scene *s, const int64_t *wrong, int64_t n)
{
    int64_t distinct = 0;
    for (int64_t j = 0; j < n && distinct < 2; j++)
        distinct += j == 0 || s->got[wrong[j]] != s->got[wrong[0]];
    return distinct > 1 || (n == 1 && s->p->t[s->operand].type != ASSAY_i32);
}

static double how_map(const assay_scene *s, assay_say *w)
{
    int64_t *wrong = assay_zeros((size_t)s->n_wrong, sizeof *wrong), n = 0;
    double best = 0;
    for (int64_t i = 0; i < s->n && n < MOST_WRONG; i++)
        if (s->wrong[i])
            wrong[n++] = i;
    for (int r = 0; telling(s, wrong, n) && r < s->rank && best < 1; r++) {
        const int64_t len = s->dim[r] < LONGEST ? s->dim[r] : LONGEST;
        for (size_t t = 0; len > 1 && t < sizeof maps / sizeof *maps; t++) {
            const map *m = &maps[t];
            const int64_t most = m->most < 0 ? 1 : m->most && m->most < len - 1 ? m->most : len - 1;
            for (int64_t size = 1; size <= most + (m->to == constant); size++)
                for (int sign = -1; sign <= (m->both ? 1 : -1); sign += 2) {
                    const double f = fraction(s, wrong, n, r, m, m->both ? sign * size : size);
                    if (f <= best)
                        continue;
                    best = f;
                    *w = (assay_say){ "", 0 };
                    say_map(m, m->both ? sign * size : size, s->letter[r], w);
                }
        }
    }
    free(wrong);
    return best;
}

static double how_transposed(const assay_scene *s, assay_say *w)
{
    for (int a = 0; a < s->rank; a++)
        for (int b = a + 1; b < s->rank; b++) {
            const int64_t x = assay_scene_step(s, a), y = assay_scene_step(s, b);
            int64_t n = 0;
            for (int64_t i = 0; s->dim[a] == s->dim[b] && i < s->n; i++) {
                const int64_t p = assay_scene_at(s, i, a), q = assay_scene_at(s, i, b);
                n += s->wrong[i] && assay_scene_fits(s, s->got[i], i + (q - p) * x + (p - q) * y);
            }
            if (n >= 2 && (double)n >= 0.9 * (double)s->n_wrong) {
                assay_say_add(w, "%c and %c are exchanged", s->letter[a], s->letter[b]);
                return (double)n / (double)s->n_wrong;
            }
        }
    return 0;
}

/* ---- rows that are rows of an input -------------------------------------------------------------------------- */

static int64_t find_row(const assay_scene *s, const double *v, int64_t rows, int64_t len, int64_t at, bool wanted)
{
    for (int64_t r = 0; r < rows; r++) {
        int64_t c = 0;
        while (c < len && (wanted ? assay_scene_fits(s, v[r * len + c], at + c)
                                  : s->got[at + c] == v[r * len + c] ||
                                        (fabs(s->got[at + c] - v[r * len + c]) <= s->hi[at + c] - s->lo[at + c])))
            c++;
        if (c == len)
            return r;
    }
    return -1;
}

static void say_row(const assay_scene *s, int o, int64_t row, assay_say *w)
{
    const char *shape = s->p->c.op->operands[o].shape;
    int64_t step = 1;
    for (const char *l = shape; l[1]; l++)
        step *= s->p->c.dim[assay_op_dim(s->p->c.op, *l)];
    assay_say_add(w, "%s[", s->p->c.op->operands[o].name);
    for (const char *l = shape; l[1]; l++) {
        step /= s->p->c.dim[assay_op_dim(s->p->c.op, *l)];
        assay_say_add(w, "%s%c=%lld", l == shape ? "" : " ", *l, (long long)(row / step));
        row %= step;
    }
    assay_say_add(w, "]");
}

/* Wrong rows that are rows of one input, where another row of it is wanted. */
static double how_row_of(const assay_scene *s, assay_say *w)
{
    const assay_op *op = s->p->c.op;
    const char inner = s->rank ? s->letter[s->rank - 1] : 0;
    const int64_t len = s->rank ? s->dim[s->rank - 1] : 1;
    double best = 0;
    for (int o = 0; len > 1 && o < op->n_operands; o++) {
        const size_t rank = strlen(op->operands[o].shape);
        if (op->operands[o].access == ASSAY_OUT || !(s->p->c.present >> o & 1) || rank < 2 ||
            op->operands[o].shape[rank - 1] != inner)
            continue;
        const double *v = s->p->before[o] ? s->p->before[o] : s->p->value[o];
        const int64_t rows = assay_op_shape(op, op->operands[o].shape, s->p->c.dim, NULL) / len;
        int64_t n = 0, hits = 0, got_row = -1, want_row = -1, delta = 0;
        bool same = true;
        for (int64_t at = 0; at < s->n && n < 64; at += len) {
            bool wrong = false;
            for (int64_t c = 0; c < len; c++)
                wrong |= s->wrong[at + c];
            if (!wrong)
                continue;
            n++;
            const int64_t g = find_row(s, v, rows, len, at, false), h = find_row(s, v, rows, len, at, true);
            hits += g >= 0;
            if (g >= 0 && h >= 0) {
                same &= got_row < 0 || delta == g - h;
                delta = g - h;
            }
            if (g >= 0 && got_row < 0)
                got_row = g, want_row = h;
        }
        if (!n || (double)hits / (double)n <= best)
            continue;
        best = (double)hits / (double)n;
        *w = (assay_say){ "", 0 };
        assay_say_add(w, "holds ");
        say_row(s, o, got_row, w);
        if (want_row >= 0) {
            assay_say_add(w, " where ");
            say_row(s, o, want_row, w);
            assay_say_add(w, " belongs%s", n < 2 ? "" : same ? ", and so on" : "; other rows likewise");
        }
    }
    return best;
}

const assay_how assay_hows_index[] = { how_row_of, how_map, how_transposed, NULL };
