/* SPDX-License-Identifier: MIT
 * What a file may name.  A name that nobody reads is refused: it is a misspelt one, and what it says would be ignored.
 */
#include "../reference/core/case.h"
#include "../reference/core/near.h"
#include "../reference/core/status.h"
#include "parts.h"
#include <stdio.h>
#include <string.h>

enum { WORD = 96 };

static const char *const keys[] = { "op",     "dims",       "types",  "params", "tolerance",  "tag",
                                    "schema", "op_version", "format", "case",   "not_judged", "contract" };

/* What is wrong with `word`, of the kind `what`, after names were tried. */
static assay_status unknown(const char *what, const assay_near *near, assay_why *why)
{
    char best[WORD + 32];
    return assay_fail(why, ASSAY_ERR_FORMAT, "%s %.60s is not known%s", what, near->word,
                      assay_near_text(near, best, sizeof best));
}

static assay_status check_key(const char *key, assay_why *why)
{
    assay_near near = { .word = key };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!strcmp(key, keys[i]))
            return ASSAY_OK;
        assay_near_try(&near, keys[i]);
    }
    return strncmp(key, "x-", 2) ? unknown("metadata key", &near, why) : ASSAY_OK;
}

/* Is it prefix + name?  If not, it is a candidate for what was meant.  room: keeps the candidate's text. */
static bool is_name(assay_near *near, const char *prefix, const char *name, char room[WORD])
{
    const char *best = near->best;
    char text[WORD];
    snprintf(text, sizeof text, "%s%s", prefix, name);
    if (!strcmp(near->word, text))
        return true;
    assay_near_try(near, text);
    if (near->best != best)
        near->best = strcpy(room, text);
    return false;
}

static assay_status check_tensor(const assay_op *op, const char *name, assay_why *why)
{
    assay_near near = { .word = name };
    char room[WORD];
    const char *output = NULL;
    for (int i = 0; i < op->n_operands; i++) {
        const assay_operand *o = &op->operands[i];
        if (o->access != ASSAY_OUT && is_name(&near, "", o->name, room))
            return ASSAY_OK;
        if (o->access != ASSAY_IN &&
            (is_name(&near, "expected.", o->name, room) || is_name(&near, "judged.", o->name, room)))
            return ASSAY_OK;
        if (o->access == ASSAY_OUT && !strcmp(o->name, name))
            output = o->name;
    }
    for (int k = 0; k < op->n_planes; k++)
        if (is_name(&near, "kappa.", op->planes[k].name, room))
            return ASSAY_OK;
    return output
               ? assay_fail(why, ASSAY_ERR_FORMAT, "tensor %s is an output; did you mean expected.%s?", output, output)
               : unknown("tensor", &near, why);
}

/* ---- tokens "name=value" of the metadata -------------------------------------------------------------------- */

typedef bool try_names(const assay_op *op, assay_near *near); /* true: the word is one of them */

static bool try_one(assay_near *near, const char *name)
{
    assay_near_try(near, name);
    return !strcmp(near->word, name);
}

static bool is_dim(const assay_op *op, assay_near *near)
{
    return near->word[0] && !near->word[1] && assay_op_dim(op, near->word[0]) >= 0;
}

static bool is_operand(const assay_op *op, assay_near *near)
{
    bool found = false;
    for (int i = 0; i < op->n_operands; i++)
        found |= try_one(near, op->operands[i].name);
    return found;
}

static bool is_output(const assay_op *op, assay_near *near)
{
    bool found = false;
    for (int i = 0; i < op->n_operands; i++)
        found |= op->operands[i].access != ASSAY_IN && try_one(near, op->operands[i].name);
    return found;
}

static bool is_field(const assay_op *op, assay_near *near)
{
    bool found = false;
    for (int i = 0; i < op->n_fields; i++)
        found |= try_one(near, op->fields[i].name);
    return found;
}

static bool is_slack(const assay_op *op, assay_near *near)
{
    (void)op;
    const bool abs = try_one(near, "abs"), rel = try_one(near, "rel");
    return abs || rel;
}

static const struct list {
    const char *key, *example; /* example NULL: names alone */
    try_names *is;
} lists[] = { { "dims", "R=3", is_dim },
              { "types", "w=q8_0", is_operand },
              { "params", "eps=1e-5", is_field },
              { "tolerance", "abs=1e-6", is_slack },
              { "not_judged", NULL, is_output } };

static assay_status check_list(const struct list *l, const assay_op *op, const char *text, assay_why *why)
{
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        char word[WORD], best[WORD + 32];
        const size_t n = strcspn(text, " "), name = l->example ? strcspn(text, "= ") : n;
        snprintf(word, sizeof word, "%.*s", (int)name, text);
        assay_near near = { .word = word };
        if (!l->is(op, &near))
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %s has no '%.60s'%s", l->key, op->name, word,
                              assay_near_text(&near, best, sizeof best));
        if (l->example && name == n)
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: '%.60s' has no value, as in %s", l->key, word, l->example);
        text += n;
    }
    return ASSAY_OK;
}

assay_status assay_vector_names(const assay_safetensors *s, const assay_op *op, assay_why *why)
{
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < s->n_meta; i++)
        st = check_key(s->meta[i].key, why);
    for (size_t i = 0; !st && i < sizeof lists / sizeof *lists; i++)
        st = check_list(&lists[i], op, assay_vector_meta(s, lists[i].key), why);
    for (size_t i = 0; !st && i < s->n_tensors; i++)
        st = check_tensor(op, s->tensor[i].name, why);
    return st;
}
