/* SPDX-License-Identifier: MIT
 * chat_form.h - what chat templates write, as data (private to reference/models). */
#ifndef ASSAY_MODELS_CHAT_FORM_H
#define ASSAY_MODELS_CHAT_FORM_H
#include "../core/file.h"

/* A prompt is a text in which %b is the token that begins a text, %e the one that ends it, %s the system's text, %u the
 * user's, %S and %U these without blanks around them, %d a date.  The text of special tokens, outside of what is said,
 * is those tokens. */
typedef struct assay_chat_form {
    const char *name;
    const char *with;    /* a system's text; NULL: the template has no place for one */
    const char *without; /* NULL: the template writes a text of its own, which is not here */
    const char *needs;   /* tokens that there must be, with blanks between */
    const char *date;    /* the template's own */
    bool empty_is_none;  /* a system's text that is empty is none */
} assay_chat_form;

/* The template's form; NULL: it is not known.  text: with line ends for \n; *system: what it says as the system where
 * nobody else does, which is cut out of text (at NULL: nothing). */
const assay_chat_form *assay_chat_find(char *text, assay_span *system);
#endif
