/* SPDX-License-Identifier: MIT
 * What became of each row: its verdict by the judge first, then its time. */
#include "compare.h"
#include "../reference/core/status.h"
#include "../reference/core/student.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SAMPLES = 4096 };
const char *const compare_verdict_name[COMPARE_VERDICTS] = { "failed", "slower", "faster",      "mended",
                                                             "gone",   "new",    "cannot tell", "same" };

static int samples_of(const compare_entry *e, double ns[MOST_SAMPLES])
{
    const cJSON *n;
    int have = 0;
    EACH (n, member(e->item, "samples"))
        if (have < MOST_SAMPLES)
            ns[have++] = n->valuedouble;
    return have;
}

double compare_log_time(const compare_entry *e, bool shares)
{
    double ns[MOST_SAMPLES];
    const int n = samples_of(e, ns);
    const double share = member_number(e->item, "share", 0);
    if (shares)
        return n && share > 0 ? -log(share) : NAN;
    return n ? log(assay_median(ns, n)) : NAN;
}

typedef enum standing { UNJUDGED, WRONG, RIGHT } standing;

static standing standing_of(const compare_entry *e, bool check)
{
    if (!check)
        return cJSON_IsTrue(member(e->item, "verdict.pass")) ? RIGHT : WRONG;
    const bool fault = !strcmp(member_text(e->item, "expected", ""), "fault");
    if (strcmp(member_text(e->item, "reached", ""), "judged") != 0)
        return UNJUDGED;
    return strcmp(member_text(e->item, "verdict", "?"), fault ? "failed" : "passed") ? WRONG : RIGHT;
}

/* What a reader of bench's marks would call another day: other work, stolen time, a quota that stopped it. */
static bool disturbed(const compare_entry *e)
{
    static const char *const marks[] = { "busy", "waited", "stolen", "throttled" };
    const cJSON *m;
    EACH (m, member(e->item, "marks"))
        for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
            if (!strcmp(member_text(m, "name", ""), marks[i]))
                return true;
    return false;
}

static double used(const compare_entry *e, bool check)
{
    return member_number(e->item, check ? "worst" : "verdict.used", -1);
}

typedef struct side {
    double *x; /* log times of the runs that have one */
    int n;
    standing standing; /* the worst of its runs; UNJUDGED: none of them judged it */
} side;

static side side_of(const compare *c, compare_row *r, compare_side which, double *within)
{
    const compare_entry *e = r->entry + (which == COMPARE_NEW ? r->n[COMPARE_BASE] : 0);
    side s = { assay_room((size_t)r->n[which], sizeof *s.x), 0, UNJUDGED };
    r->used[which] = -1;
    for (int i = 0; i < r->n[which]; i++) {
        double ns[MOST_SAMPLES];
        const double x = compare_log_time(&e[i], c->shares), ours = used(&e[i], c->check);
        const standing judged = standing_of(&e[i], c->check);
        r->used[which] = fmax(r->used[which], ours);
        r->disturbed[which] += disturbed(&e[i]);
        if (!r->word[which] || s.standing == UNJUDGED || judged == WRONG) {
            s.standing = judged;
            r->word[which] = c->check ? member_text(e[i].item, "verdict", "?") : judged == RIGHT ? "passed" : "failed";
        }
        if (isnan(x))
            continue;
        *within += compare_within(ns, samples_of(&e[i], ns));
        r->ns[which] += compare_log_time(&e[i], false);
        s.x[s.n++] = x;
    }
    r->ns[which] = s.n ? exp(r->ns[which] / s.n) : 0;
    return s;
}

static compare_noise known_of(const compare *c, const char *name)
{
    for (size_t i = 0; i < c->n_known; i++)
        if (!strcmp(c->known[i].name, name))
            return c->shares ? c->known[i].roof : c->known[i].time;
    return (compare_noise){ 0, 0 };
}

static compare_verdict of_times(const compare *c, compare_row *r)
{
    const compare_effect *e = &r->effect;
    r->why = !e->known ? "one run a side: how much runs differ is not known" : NULL;
    if (r->why)
        return COMPARE_UNCLEAR;
    if (e->low > 1 || e->high < 1)
        return e->low > 1 ? COMPARE_SLOWER : COMPARE_FASTER;
    return e->high <= 1 + c->margin && e->low >= 1 / (1 + c->margin) ? COMPARE_SAME : COMPARE_UNCLEAR;
}

static void judge_row(compare *c, compare_row *r)
{
    static const compare_verdict changed[3][3] = { { COMPARE_SAME, COMPARE_FAILED, COMPARE_ADDED },
                                                   { COMPARE_GONE, COMPARE_SAME, COMPARE_MENDED },
                                                   { COMPARE_GONE, COMPARE_FAILED, COMPARE_SAME } };
    double within = 0;
    side s[COMPARE_SIDES];
    for (int k = 0; k < COMPARE_SIDES; k++)
        s[k] = side_of(c, r, k, &within);
    const compare_sample base = { s[0].x, s[0].n }, now = { s[1].x, s[1].n };
    if (!r->n[COMPARE_BASE] || !r->n[COMPARE_NEW])
        r->verdict = r->n[COMPARE_NEW] ? COMPARE_ADDED : COMPARE_GONE;
    else if (s[0].standing != s[1].standing)
        r->verdict = changed[s[0].standing][s[1].standing];
    else if (c->check)
        r->verdict = COMPARE_SAME;
    else if (base.n && now.n) {
        r->effect = compare_effect_of(base, now, known_of(c, r->name), within / (base.n + now.n),
                                      COMPARE_CHANCE / (double)c->compared);
        r->verdict = of_times(c, r);
    } else {
        r->verdict = COMPARE_UNCLEAR;
        r->why = s[0].standing == WRONG ? "it failed on both sides"
                 : c->shares            ? "it has no share of a roof"
                                        : "it has no time";
    }
    for (int k = 0; k < COMPARE_SIDES; k++)
        free(s[k].x);
}

void compare_judge(compare *c)
{
    for (size_t i = 0; i < c->n_rows; i++)
        c->compared += c->row[i].n[COMPARE_BASE] && c->row[i].n[COMPARE_NEW];
    for (size_t i = 0; i < c->n_rows; i++) {
        judge_row(c, &c->row[i]);
        c->count[c->row[i].verdict]++;
    }
}

void compare_know(compare *c)
{
    for (size_t i = 0; i < c->n_rows; i++) {
        const compare_row *r = &c->row[i];
        double *x[2];
        compare_noise noise[2];
        for (int shares = 0; shares < 2; shares++) {
            int n = 0;
            x[shares] = assay_room((size_t)r->n[COMPARE_BASE], sizeof *x[shares]);
            for (int k = 0; k < r->n[COMPARE_BASE]; k++) {
                const double one = compare_log_time(&r->entry[k], shares);
                if (!isnan(one))
                    x[shares][n++] = one;
            }
            noise[shares] = compare_noise_of((compare_sample){ x[shares], n });
            free(x[shares]);
        }
        c->known = assay_grown(c->known, c->n_known, sizeof *c->known);
        c->known[c->n_known++] = (compare_noise_row){ r->name, noise[0], noise[1] };
    }
}
