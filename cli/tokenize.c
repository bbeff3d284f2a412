/* SPDX-License-Identifier: MIT
 * assay tokenize FILE [TEXT]: text to ids on one line, or ids back to text. */
#include "../reference/core/options.h"
#include "../reference/core/plain.h"
#include "../reference/core/status.h"
#include "../reference/models/chat.h"
#include "../reference/models/ids.h"
#include "../reference/models/prompt.h"
#include "../reference/models/utf8.h"
#include "commands.h"
#include <argp.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    const char *model, *decode;
    assay_chat_said said; /* text: TEXT; the others: of chat */
    bool special, lines, chat;
} options;

enum { KEY_SYSTEM = 0x100, KEY_DATE };

static const struct argp_option option_table[] = {
    { "special", 's', NULL, 0, "Recognise special tokens in TEXT; print those in IDS", 0 },
    { "decode", 'd', "IDS", 0, "Print the text of IDS (1,2,3) instead", 0 },
    { "chat", 'c', NULL, 0, "TEXT is what a user says: write it as the model's chat template does", 0 },
    { "system", KEY_SYSTEM, "TEXT", 0, "What stands before it, instead of what the template has for it", 0 },
    { "date", KEY_DATE, "TEXT", 0, "The date that the template writes, instead of the one that it has itself", 0 },
    { "json-lines", 'j', NULL, 0, "Read lines of JSON, a text each, and print the ids of each as a line of JSON", 0 },
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
    case 'c':
        o->chat = true;
        return 0;
    case KEY_SYSTEM:
        o->said.system = arg;
        return 0;
    case KEY_DATE:
        o->said.date = arg;
        return 0;
    case 'j':
        o->lines = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            o->model = arg;
        else if (state->arg_num == 1)
            o->said.text = arg;
        else
            argp_error(state, "one FILE and one TEXT; '%s' is too much", arg);
        return 0;
    case ARGP_KEY_END:
        if (!o->model)
            argp_error(state, "FILE is missing");
        if ((o->decode != NULL) + (o->said.text != NULL) + o->lines > 1)
            argp_error(state, "TEXT, --decode and --json-lines exclude each other");
        if (o->chat && (!o->said.text || o->special))
            argp_error(state, "--chat: it goes with TEXT, and without --special");
        if ((o->said.system || o->said.date) && !o->chat)
            argp_error(state, "--%s is of --chat, which is not asked for", o->said.system ? "system" : "date");
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
    bool first = t->drop_blank;
    const assay_status s = assay_ids_parse(o->decode, t->n, &ids, &n, why);
    if (s)
        return s;
    for (size_t i = 0; i < n; i++) {
        const assay_span piece = assay_tokenizer_piece(t, ids[i], o->special);
        const size_t skip = first && piece.n && *piece.at == ' ';
        first = first && !piece.n;
        for (size_t k = skip; k < piece.n; k++)
            assay_plain_say(stdout, out, assay_utf8_push(&stream, (unsigned char)piece.at[k], out));
    }
    assay_plain_say(stdout, out, assay_utf8_end(&stream, out));
    free(ids);
    return ASSAY_OK;
}

static assay_status chat(const assay_tokenizer *t, const options *o, assay_prompt *p, assay_why *why)
{
    char *source = NULL;
    assay_status s = assay_chat_template_beside(o->model, &source, why);
    if (!s)
        s = assay_chat_prompt(o->model, source, t, &o->said, p, why);
    free(source);
    return s;
}

static assay_status encode(const assay_tokenizer *t, const options *o, assay_why *why)
{
    char *input = NULL;
    size_t n = o->said.text ? strlen(o->said.text) : 0;
    assay_prompt p;
    assay_status s = o->said.text ? ASSAY_OK : assay_read_all(stdin, &input, &n, why);
    if (s)
        return s;
    s = o->chat ? chat(t, o, &p, why)
                : assay_prompt_make(t, o->said.text ? o->said.text : input, n, o->special, &p, why);
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

/* One line: a text in JSON to its ids. */
static assay_status encode_line(const assay_tokenizer *t, const options *o, const char *line, size_t at, assay_why *why)
{
    cJSON *j = cJSON_ParseWithOpts(line, NULL, true); /* nothing behind it */
    const char *text = cJSON_GetStringValue(j);
    assay_prompt p;
    assay_status s = !text ? assay_fail(why, ASSAY_ERR_FORMAT, "line %zu is no text in JSON: %.60s", at, line)
                     : strstr(line, "\\u0000")
                         ? assay_fail(why, ASSAY_UNSUPPORTED, "line %zu: U+0000 in a text of JSON is not read", at)
                         : assay_prompt_make(t, text, strlen(text), o->special, &p, why);
    cJSON_Delete(j);
    if (s)
        return s;
    putchar('[');
    for (size_t i = 0; i < p.n; i++)
        printf("%s%d", i ? "," : "", p.id[i]);
    puts("]");
    if (*p.note)
        fprintf(stderr, "assay tokenize: line %zu: note: %s\n", at, p.note);
    free(p.id);
    return ASSAY_OK;
}

static assay_status encode_lines(const assay_tokenizer *t, const options *o, assay_why *why)
{
    char *line = NULL;
    size_t room = 0;
    assay_status s = ASSAY_OK;
    for (size_t at = 1; !s && getline(&line, &room, stdin) >= 0; at++) {
        line[strcspn(line, "\n")] = 0;
        s = encode_line(t, o, line, at, why);
    }
    free(line);
    if (!s && ferror(stdin))
        s = assay_fail(why, ASSAY_ERR_IO, "cannot read the input: %s", strerror(errno));
    return s;
}

int assay_cmd_tokenize(int argc, char **argv)
{
    static const struct argp argp = { option_table,
                                      take,
                                      "FILE [TEXT]",
                                      "Prints the token ids of TEXT on one line (of standard input, byte for byte, "
                                      "when TEXT is absent), by the vocabulary "
                                      "in FILE: a GGUF file, a tokenizer.json, a tokenizer.model of SentencePiece, a "
                                      "vocab.txt of BERT, or a folder with one of these three.\vExit status: 0 done, "
                                      "2 wrong use or unreadable input.",
                                      NULL,
                                      NULL,
                                      NULL };
    options o = { 0 };
    assay_why why = { "" };
    assay_tokenizer t;
    char path[8192];
    assay_options_parse(&argp, argc, argv, &o);
    if (assay_tokenizer_in(o.model, path, sizeof path))
        o.model = path;
    assay_status s = assay_tokenizer_open(o.model, &t, &why);
    if (!s) {
        s = o.decode ? decode(&t, &o, &why) : o.lines ? encode_lines(&t, &o, &why) : encode(&t, &o, &why);
        assay_tokenizer_free(&t);
    }
    if (s)
        fprintf(stderr, "assay tokenize: %s\n", why.text);
    return s ? 2 : 0;
}
