/* SPDX-License-Identifier: MIT
 * chat.h - what somebody says to a model that was trained on conversations, as the model's template writes it. */
#ifndef ASSAY_MODELS_CHAT_H
#define ASSAY_MODELS_CHAT_H
#include "prompt.h"

/* The prompt of one turn by the user, with which an answer begins.  The template is tokenizer.chat_template of the
 * file; one that is not known is refused.  system: what stands before it all; NULL: what the template has for it, if
 * anything. Both are text: control tokens in them are none. */
assay_status assay_chat_prompt(const assay_gguf *g, const assay_tokenizer *t, const char *system, const char *text,
                               assay_prompt *p, assay_why *why);
#endif
