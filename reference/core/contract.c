/* SPDX-License-Identifier: MIT
 * The members of assay_contract as one table, and all that can be read from it: words, parser, what is looser. */
#include "contract.h"
#include "case.h"
#include "dtype.h"
#include "near.h"
#include "status.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(assay_contract, member)
#define TYPE(name, before)                                                                                             \
    {                                                                                                                  \
#name, ASSAY_CONTRACT_TYPE, AT(name), 0, 0, ASSAY_LOOSER_MORE, before, ""                                      \
    }
#define COUNT(name, at, d, b, a)                                                                                       \
    {                                                                                                                  \
#name, ASSAY_CONTRACT_COUNT, AT(h.at), ASSAY_DEPTH_##d, 0, ASSAY_LOOSER_NEVER, b, a                            \
    }
#define WITHIN(name, says)                                                                                             \
    {                                                                                                                  \
#name, ASSAY_CONTRACT_WITHIN, AT(name), 0, ASSAY_USUAL_##name, ASSAY_LOOSER_MORE, says, " u"                   \
    }
#define FLAG_(name, looser, says)                                                                                      \
    {                                                                                                                  \
#name, ASSAY_CONTRACT_FLAG, AT(name), 0, 0, ASSAY_LOOSER_##looser, says, ""                                    \
    }
#define FLAG(name, says)  FLAG_(name, MORE, says)
#define SHARP(name, says) FLAG_(name, NEVER, says)
const assay_contract_field assay_contract_fields[ASSAY_CONTRACT_FIELDS] = {
    TYPE(acc, "accumulates in "),
    COUNT(lanes, lanes, LANES, "", " lanes"),
    COUNT(block, block, BLOCKED, "blocks of ", ""),
    COUNT(pairwise, block, PAIRWISE, "pairwise sums", ""),
    WITHIN(e_exp, "exp within "),
    WITHIN(e_log, "log within "),
    WITHIN(e_tanh, "tanh within "),
    WITHIN(e_erf, "erf within "),
    WITHIN(e_rsqrt, "rsqrt within "),
    WITHIN(e_div, "div within "),
    WITHIN(e_sin, "sin within "),
    TYPE(p_round, "probabilities rounded to "),
    FLAG(one_pass_var, "one-pass variance"),
    FLAG(ftz, "subnormals flushed"),
    FLAG(nan_ignored, "NaN ignored"),
    FLAG(masked_nan, "fully masked rows are NaN"),
    SHARP(erfc, "complementary error function"),
    FLAG(odd_rounding, "odd rounding"),
    FLAG(split_min, "minimum summed apart"),
};
enum { N_PARTS = ASSAY_CONTRACT_FIELDS, MOST_ERROR = 1 << 20, MOST_COUNT = 1 << 20 };
static const assay_contract_field *const parts = assay_contract_fields;
typedef assay_contract_field part;

/* ---- what a field holds, and which way is looser ------------------------------------------------------------- */

double assay_contract_value(const part *p, const assay_contract *c)
{
    const char *at = (const char *)c + p->offset;
    assay_dtype type;
    int32_t count;
    float e;
    switch (p->kind) {
    case ASSAY_CONTRACT_TYPE:
        memcpy(&type, at, sizeof type);
        return assay_dtype_of(type) ? assay_dtype_of(type)->u : 0;
    case ASSAY_CONTRACT_COUNT:
        memcpy(&count, at, sizeof count);
        return c->h.kind == p->depth ? count : 0;
    case ASSAY_CONTRACT_WITHIN:
        memcpy(&e, at, sizeof e);
        return (double)(e > 0 ? e : p->usual);
    default:
        return *at != 0;
    }
}

bool assay_contract_sane(const part *p, const assay_contract *c)
{
    float e;
    switch (p->kind) {
    case ASSAY_CONTRACT_TYPE:
        return assay_contract_value(p, c) > 0;
    case ASSAY_CONTRACT_COUNT:
        return assay_contract_value(p, c) >= 0 && assay_contract_value(p, c) <= MOST_COUNT;
    case ASSAY_CONTRACT_WITHIN:
        memcpy(&e, (const char *)c + p->offset, sizeof e);
        return e >= 0 && e <= MOST_ERROR;
    default:
        return true;
    }
}

bool assay_contract_loosening(const part *p, int k, assay_contract *only)
{
    static const float units[] = { 8, 16, 64 };
    static const assay_dtype narrow[] = { ASSAY_f16, ASSAY_bf16 };
    char *at = (char *)only + p->offset;
    *only = (assay_contract){ 0 };
    if (p->looser == ASSAY_LOOSER_NEVER)
        return false;
    if (p->kind == ASSAY_CONTRACT_WITHIN && k < (int)(sizeof units / sizeof *units))
        return memcpy(at, &units[k], sizeof *units), true;
    if (p->kind == ASSAY_CONTRACT_TYPE && k < (int)(sizeof narrow / sizeof *narrow))
        return memcpy(at, &narrow[k], sizeof *narrow), true;
    if (p->kind == ASSAY_CONTRACT_FLAG && k < 1)
        return *at = 1, true;
    return false;
}

static const assay_contract strict;

static bool permits_more(const part *p, const assay_contract *c, const assay_contract *than)
{
    return p->looser == ASSAY_LOOSER_MORE && assay_contract_value(p, c) > assay_contract_value(p, than);
}

void assay_contract_loosen(assay_contract *c, const assay_contract *more)
{
    static const size_t size[] = { sizeof(assay_dtype), sizeof(int32_t), sizeof(float), sizeof(uint8_t) };
    for (size_t i = 0; i < N_PARTS; i++)
        if (permits_more(&parts[i], more, c) && permits_more(&parts[i], more, &strict))
            memcpy((char *)c + parts[i].offset, (const char *)more + parts[i].offset, size[parts[i].kind]);
}

bool assay_contract_looser(const assay_contract *c)
{
    for (size_t i = 0; i < N_PARTS; i++)
        if (permits_more(&parts[i], c, &strict))
            return true;
    return c->round[0].operand != NULL;
}

bool assay_contract_rounds_alike(const assay_contract *a, const assay_contract *b)
{
    a = a ? a : &strict;
    b = b ? b : &strict;
    for (size_t i = 0; i < sizeof a->round / sizeof *a->round; i++) {
        const assay_round *x = &a->round[i], *y = &b->round[i];
        if (!x->operand != !y->operand || (x->operand && (strcmp(x->operand, y->operand) || x->to != y->to)))
            return false;
    }
    return true;
}

/* ---- in words ---------------------------------------------------------------------------------------------------- */

typedef struct words {
    char *text;
    size_t n, at;
} words;

static void say(words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(words *w, const char *format, ...)
{
    va_list ap;
    if (w->at && w->at < w->n)
        w->at += (size_t)snprintf(w->text + w->at, w->n - w->at, "; ");
    va_start(ap, format);
    if (w->at < w->n)
        w->at += (size_t)vsnprintf(w->text + w->at, w->n - w->at, format, ap);
    va_end(ap);
}

/* The part's value where it is not the default, else NULL. */
static const char *value_of(const part *p, const assay_contract *c, char *text, size_t n)
{
    const char *at = (const char *)c + p->offset;
    const double value = assay_contract_value(p, c);
    assay_dtype type;
    float e;
    text[0] = 0;
    switch (p->kind) {
    case ASSAY_CONTRACT_TYPE:
        memcpy(&type, at, sizeof type);
        return type == ASSAY_f32 ? NULL : assay_dtype_of(type)->name;
    case ASSAY_CONTRACT_COUNT:
        if (p->depth != ASSAY_DEPTH_PAIRWISE)
            snprintf(text, n, "%.0f", value);
        return c->h.kind == p->depth ? text : NULL;
    case ASSAY_CONTRACT_WITHIN:
        memcpy(&e, at, sizeof e);
        snprintf(text, n, "%g", value);
        return e > 0 ? text : NULL;
    default:
        return value > 0 ? text : NULL;
    }
}

const char *assay_contract_text(const assay_contract *c, char *text, size_t n)
{
    words w = { text, n, 0 };
    char number[32];
    text[0] = 0;
    c = c ? c : &strict;
    for (size_t i = 0; i < N_PARTS; i++) {
        const char *value = value_of(&parts[i], c, number, sizeof number);
        if (value)
            say(&w, "%s%s%s", parts[i].before, value, parts[i].after);
    }
    for (size_t i = 0; i < sizeof c->round / sizeof *c->round && c->round[i].operand; i++)
        say(&w, "%s rounded to %s", c->round[i].operand, assay_dtype_of(c->round[i].to)->name);
    if (!w.at)
        say(&w, "strict");
    return text;
}

static assay_status no_part(const char *key, assay_why *why)
{
    char best[96];
    assay_near near = { .word = key };
    for (size_t i = 0; i < N_PARTS; i++)
        assay_near_try(&near, parts[i].name);
    return assay_fail(why, ASSAY_ERR_ARG, "contract: %.40s is no part of one%s", key,
                      assay_near_text(&near, best, sizeof best));
}

static assay_status parse_part(const part *p, const char *value, assay_contract *c, assay_why *why)
{
    char *at = (char *)c + p->offset, *end;
    assay_dtype type;
    if (p->kind == ASSAY_CONTRACT_TYPE) {
        if (!assay_dtype_find(value, &type) || !(assay_dtype_of(type)->u > 0))
            return assay_fail(why, ASSAY_ERR_DTYPE, "contract: %s=%.40s: f32, f16, bf16 or f64 is needed", p->name,
                              value);
        memcpy(at, &type, sizeof type);
        return ASSAY_OK;
    }
    const double x = strtod(value, &end), most = p->kind == ASSAY_CONTRACT_FLAG    ? 1
                                                 : p->kind == ASSAY_CONTRACT_COUNT ? MOST_COUNT
                                                                                   : MOST_ERROR;
    const bool whole = x == (double)(int32_t)(x >= 0 && x <= most ? x : -1), number = end != value && !*end;
    if (!number || !(p->kind == ASSAY_CONTRACT_FLAG ? x >= 0 : x > 0) || !(x <= most) ||
        (p->kind != ASSAY_CONTRACT_WITHIN && !whole))
        return assay_fail(why, ASSAY_ERR_PARAM, "contract: %s=%.40s: %s from %s to %.0f is needed", p->name, value,
                          p->kind == ASSAY_CONTRACT_WITHIN ? "a number of units" : "a whole number",
                          p->kind == ASSAY_CONTRACT_FLAG    ? "0"
                          : p->kind == ASSAY_CONTRACT_COUNT ? "1"
                                                            : "above 0",
                          most);
    if (p->kind == ASSAY_CONTRACT_COUNT && c->h.kind != ASSAY_DEPTH_ANY)
        return assay_fail(why, ASSAY_ERR_ARG, "contract: %s=%.40s: one of lanes, block and pairwise can be given",
                          p->name, value);
    if (p->kind == ASSAY_CONTRACT_COUNT)
        c->h.kind = p->depth;
    const float e = (float)x;
    const int32_t count = (int32_t)x;
    if (p->kind == ASSAY_CONTRACT_WITHIN)
        memcpy(at, &e, sizeof e);
    else if (p->kind == ASSAY_CONTRACT_COUNT)
        memcpy(at, &count, sizeof count);
    else
        *at = (char)count;
    return ASSAY_OK;
}

/* round.OPERAND=TYPE */
static assay_status parse_round(const assay_op *op, const char *name, char *value, assay_contract *c, assay_why *why)
{
    char best[96];
    size_t n = 0;
    assay_dtype type;
    assay_near near = { .word = name };
    if (strchr(value, ':'))
        return assay_fail(
            why, ASSAY_UNSUPPORTED,
            "contract: round.%.40s=%.40s: a rounding other than the type's own (by reciprocal, say) has no "
            "bound; answers that hold to it are judged under round.%.40s=%.*s",
            name, value, name, (int)strcspn(value, ":"), value);
    if (!assay_dtype_find(value, &type) || assay_dtype_of(type)->grid)
        return assay_fail(why, ASSAY_ERR_DTYPE, "contract: round.%.40s=%.40s: a type that can be written is needed",
                          name, value);
    if (!op)
        return ASSAY_OK;
    const int i = assay_op_operand(op, name);
    for (int k = 0; k < op->n_operands; k++)
        if (op->operands[k].access != ASSAY_OUT)
            assay_near_try(&near, op->operands[k].name);
    if (i < 0 || op->operands[i].access == ASSAY_OUT)
        return assay_fail(why, ASSAY_ERR_ARG, "contract: round.%.40s: %s has no such input%s", name, op->name,
                          assay_near_text(&near, best, sizeof best));
    while (n < sizeof c->round / sizeof *c->round && c->round[n].operand)
        n++;
    if (n == sizeof c->round / sizeof *c->round)
        return assay_fail(why, ASSAY_ERR_ARG, "contract: round.%.40s: %zu operands are rounded already", name, n);
    c->round[n] = (assay_round){ op->operands[i].name, type, 0 };
    return ASSAY_OK;
}

assay_status assay_contract_parse(const char *text, const assay_op *op, assay_contract *c, assay_why *why)
{
    char copy[512], *save = NULL;
    *c = (assay_contract){ 0 };
    if (strlen(text) >= sizeof copy)
        return assay_fail(why, ASSAY_ERR_ARG, "contract: %zu characters, at most %zu", strlen(text), sizeof copy - 1);
    strcpy(copy, text);
    for (char *key = strtok_r(copy, " ", &save); key; key = strtok_r(NULL, " ", &save)) {
        char *value = strchr(key, '=');
        size_t i = 0;
        if (!value)
            return assay_fail(why, ASSAY_ERR_ARG, "contract: '%.40s' is not key=value, as in ftz=1", key);
        *value++ = 0;
        while (i < N_PARTS && strcmp(parts[i].name, key) != 0)
            i++;
        const assay_status s = i < N_PARTS                      ? parse_part(&parts[i], value, c, why)
                               : strncmp(key, "round.", 6) == 0 ? parse_round(op, key + 6, value, c, why)
                                                                : no_part(key, why);
        if (s)
            return s;
    }
    return ASSAY_OK;
}
