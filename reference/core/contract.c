/* SPDX-License-Identifier: MIT
 * The parts of a contract as one table, which both the words and the parser read. */
#include "contract.h"
#include "case.h"
#include "dtype.h"
#include "near.h"
#include "status.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum kind { TYPE, COUNT, WITHIN, FLAG } kind;

typedef struct part {
    const char *name;
    kind kind;
    size_t at;
    assay_depth depth;          /* COUNT: the h.kind that the number belongs to */
    const char *before, *after; /* what is said, around the value; FLAG: before alone */
} part;

#define AT(member) offsetof(assay_contract, member)
static const part parts[] = {
    { "acc", TYPE, AT(acc), 0, "accumulates in ", "" },
    { "lanes", COUNT, AT(h.lanes), ASSAY_DEPTH_LANES, "", " lanes" },
    { "block", COUNT, AT(h.block), ASSAY_DEPTH_BLOCKED, "blocks of ", "" },
    { "pairwise", COUNT, AT(h.block), ASSAY_DEPTH_PAIRWISE, "pairwise sums", "" },
    { "e_exp", WITHIN, AT(e_exp), 0, "exp within ", " u" },
    { "e_log", WITHIN, AT(e_log), 0, "log within ", " u" },
    { "e_tanh", WITHIN, AT(e_tanh), 0, "tanh within ", " u" },
    { "e_erf", WITHIN, AT(e_erf), 0, "erf within ", " u" },
    { "e_rsqrt", WITHIN, AT(e_rsqrt), 0, "rsqrt within ", " u" },
    { "e_div", WITHIN, AT(e_div), 0, "div within ", " u" },
    { "e_sin", WITHIN, AT(e_sin), 0, "sin within ", " u" },
    { "p_round", TYPE, AT(p_round), 0, "probabilities rounded to ", "" },
    { "one_pass_var", FLAG, AT(one_pass_var), 0, "one-pass variance", "" },
    { "ftz", FLAG, AT(ftz), 0, "subnormals flushed", "" },
    { "nan_ignored", FLAG, AT(nan_ignored), 0, "NaN ignored", "" },
    { "masked_nan", FLAG, AT(masked_nan), 0, "fully masked rows are NaN", "" },
    { "erfc", FLAG, AT(erfc), 0, "complementary error function", "" },
    { "odd_rounding", FLAG, AT(odd_rounding), 0, "odd rounding", "" },
    { "split_min", FLAG, AT(split_min), 0, "minimum summed apart", "" },
};
enum { N_PARTS = sizeof parts / sizeof *parts, MOST_ERROR = 1 << 20, MOST_COUNT = 1 << 20 };

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
    const char *at = (const char *)c + p->at;
    assay_dtype type;
    int32_t count;
    float e;
    text[0] = 0;
    switch (p->kind) {
    case TYPE:
        memcpy(&type, at, sizeof type);
        return type == ASSAY_f32 ? NULL : assay_dtype_of(type)->name;
    case COUNT:
        memcpy(&count, at, sizeof count);
        if (p->depth != ASSAY_DEPTH_PAIRWISE)
            snprintf(text, n, "%d", (int)count);
        return c->h.kind == p->depth ? text : NULL;
    case WITHIN:
        memcpy(&e, at, sizeof e);
        snprintf(text, n, "%g", (double)e);
        return e > 0 ? text : NULL;
    default:
        return *at ? text : NULL;
    }
}

const char *assay_contract_text(const assay_contract *c, char *text, size_t n)
{
    static const assay_contract strict;
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
        say(&w, "%s rounded to %s%s", c->round[i].operand, assay_dtype_of(c->round[i].to)->name,
            c->round[i].fast ? " by reciprocal" : "");
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
    char *at = (char *)c + p->at, *end;
    assay_dtype type;
    if (p->kind == TYPE) {
        if (!assay_dtype_find(value, &type) || !(assay_dtype_of(type)->u > 0))
            return assay_fail(why, ASSAY_ERR_DTYPE, "contract: %s=%.40s: f32, f16, bf16 or f64 is needed", p->name,
                              value);
        memcpy(at, &type, sizeof type);
        return ASSAY_OK;
    }
    const double x = strtod(value, &end), most = p->kind == FLAG ? 1 : p->kind == COUNT ? MOST_COUNT : MOST_ERROR;
    const bool whole = x == (double)(int32_t)(x >= 0 && x <= most ? x : -1), number = end != value && !*end;
    if (!number || !(p->kind == FLAG ? x >= 0 : x > 0) || !(x <= most) || (p->kind != WITHIN && !whole))
        return assay_fail(why, ASSAY_ERR_PARAM, "contract: %s=%.40s: %s from %s to %.0f is needed", p->name, value,
                          p->kind == WITHIN ? "a number of units" : "a whole number",
                          p->kind == FLAG    ? "0"
                          : p->kind == COUNT ? "1"
                                             : "above 0",
                          most);
    if (p->kind == COUNT && c->h.kind != ASSAY_DEPTH_ANY)
        return assay_fail(why, ASSAY_ERR_ARG, "contract: %s=%.40s: one of lanes, block and pairwise can be given",
                          p->name, value);
    if (p->kind == COUNT)
        c->h.kind = p->depth;
    const float e = (float)x;
    const int32_t count = (int32_t)x;
    if (p->kind == WITHIN)
        memcpy(at, &e, sizeof e);
    else if (p->kind == COUNT)
        memcpy(at, &count, sizeof count);
    else
        *at = (char)count;
    return ASSAY_OK;
}

/* round.OPERAND=TYPE[:fast] */
static assay_status parse_round(const assay_op *op, const char *name, char *value, assay_contract *c, assay_why *why)
{
    char *fast = strchr(value, ':'), best[96];
    size_t n = 0;
    assay_dtype type;
    assay_near near = { .word = name };
    if (fast)
        *fast++ = 0;
    if (!assay_dtype_find(value, &type) || !assay_dtype_of(type)->encode || (fast && strcmp(fast, "fast") != 0))
        return assay_fail(why, ASSAY_ERR_DTYPE,
                          "contract: round.%.40s=%.40s%s%.20s: TYPE or TYPE:fast, of a type that "
                          "can be written, is needed",
                          name, value, fast ? ":" : "", fast ? fast : "");
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
    c->round[n] = (assay_round){ op->operands[i].name, type, fast != NULL };
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
