/* SPDX-License-Identifier: MIT
 * assay tokenize MODEL.gguf [TEXT]: text to ids on one line, or ids back to text. */
#include "../reference/core/options.h"
#include "../reference/core/plain.h"
#include "../reference/models/ids.h"
#include "../reference/models/prompt.h"
#include "../reference/models/utf8.h"
#include "commands.h"
#include <argp.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    const char *model, *text, *decode;
    bool special;
} options;

static const struct argp_option option_table[] = {
    { "special", 's', NULL, 0, "Recognise special tokens in TEXT; print those in IDS", 0 },
    { "decode", 'd', "IDS", 0, "Print the text of IDS (1,2,3) instead", 0 },
    { 0 },
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 's':
        o->special = true;
        return 0;
    case 'd':
        o->decode = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            o->model = arg;
        else if (state->arg_num == 1)
            o->text = arg;
        else
            argp_error(state, "one MODEL and one TEXT; '%s' is too much", arg);
        return 0;
    case ARGP_KEY_END:
        if (!o->model)
            argp_error(state, "MODEL.gguf is missing");
        if (o->decode && o->text)
            argp_error(state, "TEXT and --decode exclude each other");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static assay_status decode(const assay_tokenizer *t, const options *o, assay_why *why)
{
    int32_t *ids;
    size_t n;
    char out[ASSAY_UTF8_OUT] = "";
    assay_utf8 stream = { 0 };
    const assay_status s = assay_ids_parse(o->decode, t->n, &ids, &n, why);
    if (s)
        return s;
    for (size_t i = 0; i < n; i++) {
        const assay_span piece = assay_tokenizer_piece(t, ids[i], o->special);
        for (size_t k = 0; k < piece.n; k++)
            assay_plain_say(stdout, out, assay_utf8_push(&stream, (unsigned char)piece.at[k], out));
    }
    assay_plain_say(stdout, out, assay_utf8_end(&stream, out));
    free(ids);
    return ASSAY_OK;
}

static assay_status encode(const assay_tokenizer *t, const options *o, assay_why *why)
{
    char *input = NULL;
    size_t n = o->text ? strlen(o->text) : 0;
    assay_prompt p;
    assay_status s = o->text ? ASSAY_OK : assay_read_all(stdin, &input, &n, why);
    if (s)
        return s;
    s = assay_prompt_make(t, o->text ? o->text : input, n, o->special, &p, why);
    free(input);
    if (s)
        return s;
    for (size_t i = 0; i < p.n; i++)
        printf("%s%d", i ? " " : "", p.id[i]);
    putchar('\n');
    if (*p.note)
        fprintf(stderr, "assay tokenize: note: %s\n", p.note);
    free(p.id);
    return ASSAY_OK;
}

int assay_cmd_tokenize(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        take,
        "MODEL.gguf [TEXT]",
        "Prints the token ids of TEXT on one line (of standard input, byte for byte, when TEXT is absent), "
        "by the tokenizer in MODEL.gguf.\vExit status: 0 done, 2 wrong use or unreadable input.",
        NULL,
        NULL,
        NULL
    };
    options o = { 0 };
    assay_why why = { "" };
    assay_gguf g;
    assay_tokenizer t;
    assay_options_parse(&argp, argc, argv, &o);
    assay_status s = assay_gguf_open(o.model, &g, &why);
    if (!s) {
        s = assay_tokenizer_make(&g, &t, &why);
        if (!s) {
            s = o.decode ? decode(&t, &o, &why) : encode(&t, &o, &why);
            assay_tokenizer_free(&t);
        }
        assay_gguf_close(&g);
    }
    if (s)
        fprintf(stderr, "assay tokenize: %s\n", why.text);
    return s ? 2 : 0;
}
