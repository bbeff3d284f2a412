/* SPDX-License-Identifier: MIT */
#include "assay/params/beam_step.h"
#include "spec.h"
#include "../core/status.h"

#define SCORES(title, letters) .name = title, .shape = letters, .types = TYPES(T(f32))
#define IDS(title, letters)    .name = title, .shape = letters, .types = TYPES(T(i32))
#define OUTPUT                 .access = ASSAY_OUT, .verdict = ASSAY_EXACT
static const assay_operand operands[] = {
    { SCORES("logp", "RKV") },        { SCORES("score", "RK") },
    { SCORES("old", "RK") },          { IDS("eos", "E"), .flags = ASSAY_INDEX, .index_of = 'V' },
    { IDS("parent", "RK"), OUTPUT },  { IDS("token", "RK"), OUTPUT },
    { SCORES("next", "RK"), OUTPUT }, { IDS("from", "RK"), OUTPUT },
    { SCORES("best", "RK"), OUTPUT }, { IDS("go", "R"), OUTPUT },
};
static const char *const early[] = { "false", "true", "never", NULL }, *const stop[] = { "v5", "v4", NULL };
static const assay_field fields[] = {
    ASSAY_FIELD(assay_beam_step_params, n, 0, 1 << 20),         ASSAY_FIELD(assay_beam_step_params, most, 0, 1 << 20),
    ASSAY_FIELD(assay_beam_step_params, length_penalty, -4, 4), ASSAY_FIELD_ENUM(assay_beam_step_params, early, early),
    ASSAY_FIELD_ENUM(assay_beam_step_params, stop, stop),
};
static const assay_said says[] = {
    { "R", "searches" },
    { "K", "beams of each, and slots for what has finished" },
    { "V", "ids that may come next" },
    { "E", "ids that end a text" },
    { "logp", "of each beam's next token, after whatever changes it (a diverse group's: penalize)" },
    { "score", "of the beams; -inf: there is none (at first all but one)" },
    { "old", "scores of what has finished; -inf, or NaN: an empty slot" },
    { "eos", "these ids" },
    { "parent", "the beam that each new one goes on from" },
    { "token", "by which token" },
    { "next", "its score: the sum, rounded to f32; -inf: it has ended" },
    { "from", "what is in each slot: i below K: the old i-th; K + k V + v: beam k with token v; -1: nothing" },
    { "best", "scores of the slots, in order: the sum over length^length_penalty, both rounded to f32" },
    { "go", "1: the search goes on; 0: it ends; -1: a sum was NaN or inf: parent, token and from are -1, next and best "
            "-inf" },
    { "n", "tokens generated before this step" },
    { "most", "tokens at most, with this one; 0: no limit" },
    { "length_penalty", "what the length, n + 1, is raised to; above 0 long ones are favoured" },
    { "early",
      "true: ends when all slots are full; false: when the best beam would not enter them at its length; never: "
      "nor at the length `most`" },
    { "stop", "what the best beam is: v5: of those that run; v4: of all candidates (Hugging Face's generate, by its "
              "versions)" },
    { NULL, "of equal sums the lower k V + v comes first, of finished texts the old; what ends finishes only if it is "
            "among the K best sums, and enters though all slots were full" },
    { NULL,
      "at length `most` all sums end (v5), or what runs finishes, too, unless early=true and all slots are full (v4)" },
    { NULL,
      "the new beams are the best of the sums that do not end, then, where these are fewer than K, of those that do" },
    { NULL, "K is 1 to 64, E at most 16, V at least 1, K (V + 1) at most 2^24" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    const int64_t K = a->dim[1], V = a->dim[2], E = a->dim[3];
    (void)params;
    if (K < 1 || K > 64 || E > 16)
        return assay_fail(why, ASSAY_ERR_SHAPE, "beam_step: K=%lld, E=%lld: 1 to 64 beams, at most 16 ids that end",
                          (long long)K, (long long)E);
    if (V < 1 || K * (V + 1) > 1 << 24)
        return assay_fail(why, ASSAY_ERR_SHAPE, "beam_step: V=%lld: at least 1, and K (V + 1) at most 2^24, K=%lld",
                          (long long)V, (long long)K);
    return ASSAY_OK;
}

/* a sum, compared with the least candidate */
FLOPS(2 * DIM(0) * DIM(1) * DIM(2))

SPEC(beam_step) = {
    USUAL(beam_step),
    .formula = "candidates = the best of score + logp; running = those that do not end; best = finished ones by "
               "score / length^length_penalty",
    .dims = "RKVE",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_GROUPS, ASSAY_ROLE_SUM, ASSAY_ROLE_GROUPS },
    .split = 'R',
    FIELDS(fields, assay_beam_step_params),
    BOUNDS(beam_step),
    .resolve = resolve,
    .flops = flops,
};
