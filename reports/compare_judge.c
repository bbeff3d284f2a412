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

static int samples_of(const compare_entry *e, compare_metric m, double ns[MOST_SAMPLES])
{
    const cJSON *n;
    int have = 0;
    EACH (n, member(e->item, m == COMPARE_CPU ? "cpu_samples" : "samples"))
        if (have < MOST_SAMPLES)
            ns[have++] = n->valuedouble;
    return have;
}

double compare_log_time(const compare_entry *e, compare_metric m)
{
    double ns[MOST_SAMPLES];
    const int n = samples_of(e, m, ns);
    const double share = member_number(e->item, "share", 0);
    if (m == COMPARE_ROOF)
        return n && share > 0 ? -log(share) : NAN;
    /* of a team it is the time of one of them; of cold rows the flushes are in it */
    if (m == COMPARE_CPU &&
        (member_number(e->item, "threads", 0) != 1 || strcmp(member_text(e->item, "cache", ""), "hot") != 0))
        return NAN;
    return n ? log(assay_median(ns, n)) : NAN;
}

/* KNOWN: it fails, as somebody expects it to. */
typedef enum standing { UNJUDGED, WRONG, KNOWN, RIGHT, STANDINGS } standing;

static standing standing_of(const compare_entry *e, bool check)
{
    if (!check)
        return cJSON_IsTrue(member(e->item, "verdict.pass")) ? RIGHT : WRONG;
    const bool fault = !strcmp(member_text(e->item, "expected", ""), "fault");
    if (strcmp(member_text(e->item, "reached", ""), "judged") != 0)
        return UNJUDGED;
    if (!strcmp(member_text(e->item, "verdict", "?"), "known"))
        return KNOWN;
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
        const double x = compare_log_time(&e[i], c->metric), ours = used(&e[i], c->check);
        const standing judged = standing_of(&e[i], c->check);
        r->used[which] = fmax(r->used[which], ours);
        r->disturbed[which] += disturbed(&e[i]);
        if (!r->word[which] || s.standing == UNJUDGED || (judged != UNJUDGED && judged < s.standing)) {
            s.standing = judged;
            r->word[which] = c->check ? member_text(e[i].item, "verdict", "?") : judged == RIGHT ? "passed" : "failed";
        }
        if (isnan(x))
            continue;
        *within += compare_within(ns, samples_of(&e[i], c->metric, ns));
        r->ns[which] += compare_log_time(&e[i], c->metric == COMPARE_CPU ? COMPARE_CPU : COMPARE_TIME);
        s.x[s.n++] = x;
    }
    r->ns[which] = s.n ? exp(r->ns[which] / s.n) : 0;
    return s;
}

static compare_noise known_of(const compare *c, const char *name)
{
    for (size_t i = 0; i < c->n_known; i++)
        if (!strcmp(c->known[i].name, name))
            return c->known[i].of[c->metric];
    return (compare_noise){ 0, 0 };
}

/* enough: runs for a verdict, whatever the noise is like. */
static compare_verdict of_times(const compare *c, compare_row *r, bool enough)
{
    const compare_effect *e = &r->effect;
    const bool differs = e->known && (e->low > 1 || e->high < 1);
    if (!e->known)
        r->why = "one run a side: how much runs differ is not known";
    else if (!enough && differs)
        r->why = "beyond the noise, but too few runs: chance alone parts so few";
    else if (differs)
        return e->low > 1 ? COMPARE_SLOWER : COMPARE_FASTER;
    else if (e->high <= 1 + c->margin && e->low >= 1 / (1 + c->margin))
        return COMPARE_SAME;
    return COMPARE_UNCLEAR;
}

static void judge_row(compare *c, compare_row *r)
{
    static const compare_verdict changed[STANDINGS][STANDINGS] = {
        [UNJUDGED] = { COMPARE_SAME, COMPARE_FAILED, COMPARE_ADDED, COMPARE_ADDED },
        [WRONG] = { COMPARE_GONE, COMPARE_SAME, COMPARE_SAME, COMPARE_MENDED },
        [KNOWN] = { COMPARE_GONE, COMPARE_FAILED, COMPARE_SAME, COMPARE_MENDED },
        [RIGHT] = { COMPARE_GONE, COMPARE_FAILED, COMPARE_FAILED, COMPARE_SAME }
    };
    static const char *const lacks[COMPARE_METRICS] = { "it has no time", "it has no share of a roof",
                                                        "it has no CPU time of its own: it is cold, or of a team" };
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
        const compare_noise known = known_of(c, r->name);
        r->effect = compare_effect_of(base, now, known, within / (base.n + now.n), COMPARE_CHANCE / (double)c->tested);
        r->verdict = of_times(c, r, compare_enough(base.n, now.n, COMPARE_CHANCE));
    } else {
        r->verdict = COMPARE_UNCLEAR;
        r->why = s[0].standing == WRONG ? "it failed on both sides" : lacks[c->metric];
    }
    for (int k = 0; k < COMPARE_SIDES; k++)
        free(s[k].x);
}

void compare_judge(compare *c)
{
    for (size_t i = 0; i < c->n_rows; i++) {
        const compare_row *r = &c->row[i];
        const bool both = r->n[COMPARE_BASE] && r->n[COMPARE_NEW];
        c->both += both;
        c->tested += both && !isnan(compare_log_time(r->entry, c->metric)); /* of this many the chance is shared out */
    }
    for (size_t i = 0; i < c->n_rows; i++) {
        judge_row(c, &c->row[i]);
        c->count[c->row[i].verdict]++;
    }
}

void compare_know(compare *c)
{
    for (size_t i = 0; i < c->n_rows; i++) {
        const compare_row *r = &c->row[i];
        double *x = assay_room((size_t)r->n[COMPARE_BASE], sizeof *x);
        compare_noise_row known = { .name = r->name };
        for (int m = 0; m < COMPARE_METRICS; m++) {
            int n = 0;
            for (int k = 0; k < r->n[COMPARE_BASE]; k++) {
                const double one = compare_log_time(&r->entry[k], m);
                if (!isnan(one))
                    x[n++] = one;
            }
            known.of[m] = compare_noise_of((compare_sample){ x, n });
        }
        free(x);
        c->known = assay_grown(c->known, c->n_known, sizeof *c->known);
        c->known[c->n_known++] = known;
    }
}
