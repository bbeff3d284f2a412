/* SPDX-License-Identifier: MIT
 * A vocabulary from SentencePiece's tokenizer.model: a protocol buffer, ModelProto of sentencepiece_model.proto.  A
 * message is a row of fields: a varint (field number * 8 + wire type), then a varint (0), 8 bytes (1), a length and as
 * many bytes (2), or 4 bytes (5).  Fields that are not known are passed over, as the format asks; what SentencePiece
 * itself would not load, and what would change ids or text in a way that Assay does not follow, is refused. */
#include "../core/status.h"
#include "encoding.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { VARINT, FIXED64, BYTES, FIXED32 = 5 };
enum { UNIGRAM = 1, BPE, WORD, CHAR }; /* TrainerSpec.model_type */

typedef struct message { /* what is left of it */
    const unsigned char *at, *end;
    const unsigned char *file; /* where offsets count from */
    const char *label;
} message;

typedef struct field {
    uint32_t number, wire;
    uint64_t value;  /* of varints, and of 4 or 8 bytes */
    assay_span text; /* of BYTES */
    size_t offset;
} field;

typedef struct model { /* what decides, with the defaults of the format */
    int64_t type;
    bool byte_fallback, suffix;
    bool prefix, squeeze, escape;
    assay_span bos, eos, charsmap;
    size_t pieces, denormalizer; /* pieces in the file; bytes of its charsmap */
} model;

static assay_status varint(message *m, uint64_t *value, assay_why *why)
{
    const size_t offset = (size_t)(m->at - m->file);
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (m->at == m->end)
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: the number at byte %zu is cut off", m->label, offset);
        const uint64_t bits = *m->at & 0x7F;
        if (shift == 63 && bits > 1)
            break;
        *value |= bits << shift;
        if (*m->at++ < 0x80)
            return ASSAY_OK;
    }
    return assay_fail(why, ASSAY_ERR_FORMAT, "%s: the number at byte %zu has more than 64 bits", m->label, offset);
}

/* The next field; the message is not at its end. */
static assay_status next(message *m, field *f, assay_why *why)
{
    uint64_t tag, n;
    *f = (field){ .offset = (size_t)(m->at - m->file) };
    assay_status s = varint(m, &tag, why);
    if (s)
        return s;
    f->wire = tag & 7;
    f->number = (uint32_t)(tag >> 3);
    if (tag >> 32 || f->number == 0 || (f->wire > BYTES && f->wire != FIXED32))
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: byte %zu: field %" PRIu64 " of wire type %" PRIu32 " is not known", m->label, f->offset,
                          tag >> 3, f->wire);
    if (f->wire == VARINT)
        return varint(m, &f->value, why);
    n = f->wire == FIXED64 ? 8 : 4;
    s = f->wire == BYTES ? varint(m, &n, why) : ASSAY_OK;
    if (s)
        return s;
    if (n > (uint64_t)(m->end - m->at))
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: byte %zu: field %" PRIu32 " has %" PRIu64 " bytes, where %zu are left", m->label,
                          f->offset, f->number, n, (size_t)(m->end - m->at));
    f->text = (assay_span){ (const char *)m->at, (size_t)n };
    for (size_t i = 0; i < n && f->wire != BYTES; i++)
        f->value |= (uint64_t)m->at[i] << 8 * i;
    m->at += n;
    return ASSAY_OK;
}

static message inside(const message *m, const field *f)
{
    const unsigned char *at = (const unsigned char *)f->text.at;
    return (message){ at, at + f->text.n, m->file, m->label };
}

/* A field that is read is of the wire type that the format gives it. */
static assay_status wire_is(const message *m, const field *f, uint32_t wire, const char *name, assay_why *why)
{
    return f->wire == wire
               ? ASSAY_OK
               : assay_fail(why, ASSAY_ERR_FORMAT, "%s: byte %zu: %s is of wire type %" PRIu32 ", not %" PRIu32,
                            m->label, f->offset, name, f->wire, wire);
}

/* ---- what the messages hold -------------------------------------------------------------------------------------- */

typedef struct known { /* a field of a message, and where its value goes; one of the three */
    uint32_t number;
    const char *name;
    int64_t *number_to;
    bool *bool_to;
    assay_span *text_to;
} known;

static assay_status read_known(message m, const known *k, size_t n, assay_why *why)
{
    field f;
    assay_status s = ASSAY_OK;
    while (!s && m.at < m.end) {
        size_t i = 0;
        s = next(&m, &f, why);
        while (i < n && k[i].number != f.number)
            i++;
        if (s || i == n)
            continue;
        s = wire_is(&m, &f, k[i].text_to ? BYTES : VARINT, k[i].name, why);
        if (!s && k[i].text_to)
            *k[i].text_to = f.text;
        else if (!s && k[i].bool_to)
            *k[i].bool_to = f.value != 0;
        else if (!s)
            *k[i].number_to = (int64_t)f.value;
    }
    return s;
}

static assay_status read_trainer(message m, model *p, assay_why *why)
{
    const known k[] = {
        { 3, "trainer_spec.model_type", &p->type, NULL, NULL },
        { 24, "trainer_spec.treat_whitespace_as_suffix", NULL, &p->suffix, NULL },
        { 35, "trainer_spec.byte_fallback", NULL, &p->byte_fallback, NULL },
        { 46, "trainer_spec.bos_piece", NULL, NULL, &p->bos },
        { 47, "trainer_spec.eos_piece", NULL, NULL, &p->eos },
    };
    return read_known(m, k, sizeof k / sizeof *k, why);
}

static assay_status read_normalizer(message m, model *p, assay_why *why)
{
    const known k[] = {
        { 2, "normalizer_spec.precompiled_charsmap", NULL, NULL, &p->charsmap },
        { 3, "normalizer_spec.add_dummy_prefix", NULL, &p->prefix, NULL },
        { 4, "normalizer_spec.remove_extra_whitespaces", NULL, &p->squeeze, NULL },
        { 5, "normalizer_spec.escape_whitespaces", NULL, &p->escape, NULL },
    };
    return read_known(m, k, sizeof k / sizeof *k, why);
}

static assay_status read_denormalizer(message m, model *p, assay_why *why)
{
    assay_span map = { "", 0 };
    const known k[] = { { 2, "denormalizer_spec.precompiled_charsmap", NULL, NULL, &map } };
    const assay_status s = read_known(m, k, 1, why);
    p->denormalizer = map.n;
    return s;
}

/* Piece i, whose fields may come in any order. */
static assay_status read_piece(message m, assay_vocab *v, size_t i, assay_why *why)
{
    const size_t offset = (size_t)(m.at - m.file);
    field f;
    uint64_t type = ASSAY_TOKEN_NORMAL;
    assay_status s = ASSAY_OK;
    v->text[i] = (assay_span){ "", 0 };
    v->score[i] = 0;
    while (!s && m.at < m.end) {
        s = next(&m, &f, why);
        if (!s && f.number == 1 && !(s = wire_is(&m, &f, BYTES, "a piece's text", why)))
            v->text[i] = f.text;
        if (!s && f.number == 2 && !(s = wire_is(&m, &f, FIXED32, "a piece's score", why))) {
            const uint32_t bits = (uint32_t)f.value;
            float score;
            memcpy(&score, &bits, sizeof bits);
            v->score[i] = (double)score;
        }
        if (!s && f.number == 3 && !(s = wire_is(&m, &f, VARINT, "a piece's type", why)))
            type = f.value;
    }
    if (s)
        return s;
    if (v->text[i].n == 0)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: piece %zu, at byte %zu, is empty", m.label, i, offset);
    if (type < ASSAY_TOKEN_NORMAL || type > ASSAY_TOKEN_BYTE)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: piece %zu, at byte %zu, has type %" PRIu64 ", not %d to %d",
                          m.label, i, offset, type, ASSAY_TOKEN_NORMAL, ASSAY_TOKEN_BYTE);
    v->type[i] = (uint8_t)type;
    return ASSAY_OK;
}

/* All but the pieces, which are counted; then, with room for them, the pieces. */
static assay_status read_model(message m, model *p, assay_vocab *v, assay_why *why)
{
    static assay_status (*const specs[])(
        message, model *, assay_why *) = { NULL, NULL, read_trainer, read_normalizer, NULL, read_denormalizer };
    field f;
    assay_status s = ASSAY_OK;
    for (size_t i = 0; !s && m.at < m.end;) {
        s = next(&m, &f, why);
        const bool piece = !s && f.number == 1;
        const bool spec = !s && f.number < sizeof specs / sizeof *specs && specs[f.number];
        if (piece || spec)
            s = wire_is(&m, &f, BYTES, piece ? "a piece" : "a spec", why);
        if (!s && piece)
            s = v->n ? read_piece(inside(&m, &f), v, i, why) : ASSAY_OK;
        else if (!s && spec && !v->n)
            s = specs[f.number](inside(&m, &f), p, why);
        i += piece;
        p->pieces = i;
    }
    return s;
}

/* ---- what SentencePiece holds them to ---------------------------------------------------------------------------- */

static assay_status choose_kind(const model *p, assay_vocab *v, assay_why *why)
{
    static const char *const types[] = { NULL, "UNIGRAM", "BPE", "WORD", "CHAR" };
    const char *wrong = p->suffix         ? "trainer_spec.treat_whitespace_as_suffix: blanks end words"
                        : !p->escape      ? "normalizer_spec.escape_whitespaces is off: pieces have blanks"
                        : p->denormalizer ? "denormalizer_spec: characters of a decoded text are replaced"
                                          : NULL;
    v->kind = p->type == UNIGRAM ? &assay_kind_unigram : p->type == BPE ? &assay_kind_pieces : NULL;
    if (wrong)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: %s, which Assay does not do", v->label, wrong);
    if (!v->kind && p->type >= UNIGRAM && p->type <= CHAR)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: trainer_spec.model_type is %s, which Assay does not do",
                          v->label, types[p->type]);
    if (!v->kind)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: trainer_spec.model_type is %" PRId64 ", not %d to %d", v->label,
                          p->type, UNIGRAM, CHAR);
    return ASSAY_OK;
}

/* The control token with this text; -1: there is none. */
static int32_t control(const assay_vocab *v, assay_span text)
{
    for (int32_t i = 0; i < v->n; i++)
        if (v->type[i] == ASSAY_TOKEN_CONTROL && v->text[i].n == text.n && !memcmp(v->text[i].at, text.at, text.n))
            return i;
    return -1;
}

/* One unknown token; tokens for all bytes, or for none. */
static assay_status find_named(const model *p, assay_vocab *v, assay_why *why)
{
    size_t unknown = 0, bytes = 0;
    for (int32_t i = 0; i < v->n; i++) {
        bytes += v->type[i] == ASSAY_TOKEN_BYTE;
        unknown += v->type[i] == ASSAY_TOKEN_UNKNOWN;
        if (v->type[i] == ASSAY_TOKEN_UNKNOWN)
            v->named[ASSAY_NAMED_UNKNOWN] = i;
    }
    if (unknown > 1 || (unknown == 0 && !p->byte_fallback))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %zu pieces are of type unknown, not 1", v->label, unknown);
    if (bytes != (p->byte_fallback ? 256 : 0))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %zu pieces are bytes, where byte_fallback is %s", v->label, bytes,
                          p->byte_fallback ? "on" : "off");
    v->named[ASSAY_NAMED_BOS] = control(v, p->bos.n ? p->bos : (assay_span){ "<s>", 3 });
    v->named[ASSAY_NAMED_EOS] = control(v, p->eos.n ? p->eos : (assay_span){ "</s>", 4 });
    return ASSAY_OK;
}

assay_status assay_vocab_spm(const void *bytes, size_t n, const char *label, assay_vocab *v, assay_why *why)
{
    const unsigned char *file = bytes;
    const message all = { file, file + n, file, label };
    model p = { .type = UNIGRAM, .prefix = true, .squeeze = true, .escape = true };
    /* The file does not say whether a model's texts begin and end with such tokens; SentencePiece adds none unasked. */
    *v = (assay_vocab){ .label = label, .add_bos = 0, .add_eos = 0 };
    memset(v->named, 0xff, sizeof v->named);
    assay_status s = read_model(all, &p, v, why);
    if (!s)
        s = choose_kind(&p, v, why);
    if (!s && (p.pieces == 0 || p.pieces > INT32_MAX))
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: %zu pieces", label, p.pieces);
    if (s)
        return s;
    v->text = malloc(p.pieces * sizeof *v->text);
    v->type = malloc(p.pieces);
    v->score = malloc(p.pieces * sizeof *v->score);
    v->n = (int32_t)p.pieces;
    v->space_prefix = p.prefix;
    v->squeeze = p.squeeze;
    v->charsmap = p.charsmap;
    if (!v->text || !v->type || !v->score)
        s = assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %zu pieces", label, p.pieces);
    if (!s)
        s = read_model(all, &p, v, why);
    if (!s)
        s = find_named(&p, v, why);
    if (s)
        assay_vocab_free(v);
    return s;
}
