/* SPDX-License-Identifier: MIT
 * How faithful whole models are: what assay fidelity wrote, one row a model, the ops of each. */
#include "report.h"
#include <math.h>
#include <string.h>

static const cJSON *nth(const report *r, int n)
{
    return document(r, "fidelity", n);
}

answer answer_fidelity(const report *r, char *text, size_t n)
{
    int models = 0;
    double worst = 0, broken = 0;
    const char *which = "none";
    for (const cJSON *d; (d = nth(r, models)); models++) {
        const double times = member_number(d, "times", 0);
        which = times > worst ? member_text(d, "family", "?") : which;
        worst = fmax(worst, times);
        broken += member_number(d, "all.not_finite", 0);
    }
    if (!models)
        return NOT_RUN;
    snprintf(text, n,
             "%d model%s against the oracle or a file, %.0f rows not finite; the mean KL is at most %.3g times the "
             "noise floor (%.40s)",
             models, models == 1 ? "" : "s", broken, worst, which);
    return broken == 0;
}

static void cell(char out[24], const cJSON *d, const char *name)
{
    const double x = member_number(d, name, NAN);
    if (isnan(x))
        snprintf(out, 24, "-");
    else
        snprintf(out, 24, "%.3g", x);
}

static void one(report *r, const cJSON *d)
{
    static const char *const name[] = { "all.kl.mean",           "all.kl.median",   "all.kl.p99", "all.kl.p999",
                                        "all.kl.largest",        "floor.kl_mean",   "times",      "all.probability_rms",
                                        "base_score.perplexity", "score.perplexity" };
    enum { CELLS = sizeof name / sizeof *name };
    char c[CELLS][24], same[24] = "-";
    for (int i = 0; i < CELLS; i++)
        cell(c[i], d, name[i]);
    if (member(d, "all.same_first"))
        snprintf(same, sizeof same, "%.2f %%", 100 * member_number(d, "all.same_first", 0));
    page_row(r, "%.60s|%s|%.60s|%.0f|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s", base_name(member_text(d, "model", "?")),
             member_text(d, "family", "?"), member_text(d, "impl", "?"), member_number(d, "rows", 0), c[0], c[1], c[2],
             c[3], c[4], c[5], c[6], same, c[7], c[8], c[9]);
}

static void ops(report *r, const cJSON *d)
{
    const cJSON *o;
    EACH (o, member(d, "ops"))
        page_row(r, "%s|%.60s|%s|%.80s|%.3g|{bar %.0f}%.1f %%|%.3g|%.0f", member_text(d, "family", "?"),
                 base_name(member_text(d, "model", "?")), member_text(o, "op", "?"), member_text(o, "kernels", "?"),
                 member_number(o, "kl_mean", 0), 100 * member_number(o, "share", 0), 100 * member_number(o, "share", 0),
                 member_number(o, "kl_largest", 0), member_number(o, "flips", 0));
}

void section_fidelity(report *r)
{
    if (!nth(r, 0))
        return;
    page_heading(r, "Whole models: how far from the oracle");
    page_made_by(r, "fidelity");
    page_text(r,
              "Divergence (KL, in nats) of the next token's chances from the base's, over rows of logits. The noise "
              "floor is the same of the oracle with every value between ops rounded to f32 at random: what f32 alone "
              "costs. Times the floor: where kernels round operands by contract, as activations to 8 bits, both are "
              "taken from the oracle that rounds the same. Far more than some hundred times it is an error, or a "
              "rounding that nobody declares: the second table says by which op.");
    page_table(r, "model|family|implementation|>rows|>KL mean|>median|>99 %|>99.9 %|>largest|>floor|>times the "
                  "floor|>same first token|>RMS of its chance's change|>perplexity, base|>implementation");
    for (int i = 0; nth(r, i); i++)
        one(r, nth(r, i));
    page_table_end(r);
    page_details(r, "Each op by its kernels, all others by the oracle");
    page_table(r, "family|model|op|kernels|>KL mean|share|>KL largest|>flips");
    for (int i = 0; nth(r, i); i++)
        ops(r, nth(r, i));
    page_table_end(r);
    page_details_end(r);
}
