/* SPDX-License-Identifier: MIT
 * chat.h - what somebody says to a model that was trained on conversations, as the model's template writes it. */
#ifndef ASSAY_MODELS_CHAT_H
#define ASSAY_MODELS_CHAT_H
#include "model.h"
#include "prompt.h"

/* The template of a model: tokenizer.chat_template of a GGUF file; of a folder chat_template.jinja, else chat_template
 * of tokenizer_config.json (of a list of them the one named default).  *text: free().  ERR_FORMAT, ERR_IO: there is
 * none. */
assay_status assay_chat_template(const assay_model *m, char **text, assay_why *why);
/* The same by the path of a vocabulary: a GGUF file, or a file in such a folder. */
assay_status assay_chat_template_beside(const char *path, char **text, assay_why *why);

typedef struct assay_chat_said { /* by whoever talks to a model */
    const char *text;            /* the user's turn */
    const char *system;          /* what stands before it all; NULL: what the template has for it, if anything */
    const char *date;            /* for templates that write one; NULL: what the template has for it */
} assay_chat_said;

/* The prompt of one turn by the user, with which an answer begins, as this template writes it; one that is not known is
 * refused, and what it has no place for.  label: whose it is, for messages.  What is said is text: control tokens in it
 * are none. */
assay_status assay_chat_prompt(const char *label, const char *source, const assay_tokenizer *t,
                               const assay_chat_said *said, assay_prompt *p, assay_why *why);
#endif
