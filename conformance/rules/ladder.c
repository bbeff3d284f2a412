/* SPDX-License-Identifier: MIT */
#include "ladder.h"

#define LADDER(a, t)                                                                                                   \
    {                                                                                                                  \
        a, sizeof(a) / sizeof *(a), t                                                                                  \
    }

static const int64_t columns[] = { 0,   16,  32,  48,  64,   80,   96,   112,  128,
                                   176, 240, 256, 512, 1008, 1024, 2048, 4096, 70000 };
static const int64_t reduction[] = { 0,   16,  32,  48,  64,   80,   96,   112,  128,
                                     176, 240, 256, 512, 1008, 1024, 2048, 4096, 70000 };
static const int64_t rows[] = { 0, 16, 32, 48, 64, 80, 96, 112, 128, 176, 240, 256, 512, 70000 };
static const int64_t heads[] = { 0,   16,  32,  48,  64,  80,  96,  112, 128, 160,
                                 192, 240, 256, 320, 384, 448, 512, 576, 640, 1024 };
static const int64_t keys[] = {
    0, 16, 32, 48, 64, 80, 96, 112, 128, 176, 240, 256, 512, 1008, 1024, 2048, 4096, 70000
};
static const int64_t table[] = { 0, 16, 48, 128, 288, 1024, 70000 };
static const int64_t derived[] = { 0, 16, 48, 128 };
static const int64_t kept[] = { 0, 16, 32, 48, 64, 128, 256, 1024 };
static const int64_t parts[] = { 0, 16, 32, 48, 64, 128, 256, 1024, 4096, 70000 };
static const int64_t groups[] = { 1, 2, 3, 4, 5, 8 };
static const int64_t ratios[] = { 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 28, 48 };

/* Of heads, what some models have above 256, but for 512. */
static const struct {
    assay_role role;
    int64_t rung;
} seldom[] = {
    { ASSAY_ROLE_HEAD, 320 }, { ASSAY_ROLE_HEAD, 384 },  { ASSAY_ROLE_HEAD, 448 },   { ASSAY_ROLE_HEAD, 576 },
    { ASSAY_ROLE_HEAD, 640 }, { ASSAY_ROLE_HEAD, 1024 }, { ASSAY_ROLE_PARTS, 4096 }, { ASSAY_ROLE_PARTS, 70000 },
};

assay_apart assay_ladder_apart(assay_role role, int64_t rung)
{
    assay_apart apart = rung >= ASSAY_LONE ? ASSAY_APART_LONE : ASSAY_TOGETHER;
    for (size_t i = 0; i < sizeof seldom / sizeof *seldom; i++)
        if (seldom[i].role == role && seldom[i].rung == rung)
            apart = ASSAY_APART_SELDOM;
    return apart;
}

assay_ladder assay_ladder_of(assay_role role)
{
    static const assay_ladder ladder[] = {
        [ASSAY_ROLE_ANY] = LADDER(columns, true),     [ASSAY_ROLE_ROWS] = LADDER(rows, true),
        [ASSAY_ROLE_SUM] = LADDER(reduction, true),   [ASSAY_ROLE_HEAD] = LADDER(heads, true),
        [ASSAY_ROLE_KEYS] = LADDER(keys, true),       [ASSAY_ROLE_TABLE] = LADDER(table, true),
        [ASSAY_ROLE_GROUPS] = LADDER(groups, false),  [ASSAY_ROLE_HEADS] = LADDER(ratios, false),
        [ASSAY_ROLE_DERIVED] = LADDER(derived, true), [ASSAY_ROLE_KEPT] = LADDER(kept, true),
        [ASSAY_ROLE_FEW] = LADDER(kept, true),        [ASSAY_ROLE_PARTS] = LADDER(parts, true),
    };
    return ladder[role];
}

static int64_t mark_of(const assay_ladder *l, int rung, bool pair)
{
    return l->rung[rung] - (pair || !l->tails);
}

int assay_ladder_marks(assay_role role, bool pair, int64_t *mark)
{
    static const int64_t below[] = { 1, 2, 4, 8 };
    const assay_ladder l = assay_ladder_of(role);
    int n = 0;
    for (size_t i = 0; l.tails && !pair && i < sizeof below / sizeof *below; i++)
        mark[n++] = below[i];
    if (pair && role == ASSAY_ROLE_ROWS) /* only the first row is where a dense one would be */
        mark[n++] = 1;
    for (int i = 1; i < l.n; i++) /* the first rung's lengths are all there are below it */
        if (!pair || assay_ladder_apart(role, l.rung[i]) != ASSAY_APART_SELDOM)
            mark[n++] = mark_of(&l, i, pair);
    return n;
}

int assay_ladder_rung(assay_role role, bool pair, int64_t mark)
{
    const assay_ladder l = assay_ladder_of(role);
    int i = l.n - 1;
    while (i > 0 && mark_of(&l, i, pair) > mark)
        i--;
    return i;
}
