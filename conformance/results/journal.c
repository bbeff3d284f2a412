/* SPDX-License-Identifier: MIT */
#include "journal.h"
#include "../../reference/core/save.h"
#include "../../reference/core/status.h"
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static assay_status failed(const assay_journal *j, int error, assay_why *why)
{
    return assay_fail(why, ASSAY_ERR_IO, "%.200s: cannot be written: %s", j->path, strerror(error));
}

/* What stands there is followed and written into; only a regular file is read back, cut, renamed and removed. */
static assay_status open_file(assay_journal *j, bool resume, assay_why *why)
{
    struct stat st;
    const int fd = open(j->path, O_RDWR | O_CLOEXEC | O_NONBLOCK | (resume ? 0 : O_CREAT), 0666);
    if (fd < 0)
        return errno == ENOENT && resume ? ASSAY_OK : failed(j, errno, why);
    const bool regular = !fstat(fd, &st) && S_ISREG(st.st_mode);
    if (!regular && resume) {
        close(fd);
        return assay_fail(why, ASSAY_ERR_ARG, "--resume: %.200s is no regular file", j->path);
    }
    j->f = !regular || resume || !ftruncate(fd, 0) ? fdopen(fd, "r+") : NULL;
    return j->f ? ASSAY_OK : failed(j, errno, why);
}

/* A link to the journal is not the journal. */
static bool own(const char *path)
{
    struct stat st;
    return lstat(path, &st) ? errno == ENOENT : S_ISREG(st.st_mode);
}

assay_status assay_journal_open(assay_journal *j, const char *file, bool resume, assay_why *why)
{
    *j = (assay_journal){ .done = !resume };
    if (snprintf(j->path, sizeof j->path, "%sl", file) >= (int)sizeof j->path)
        return assay_fail(why, ASSAY_ERR_ARG, "--json: the path is too long");
    if (!assay_save_regular(file))
        return resume
                   ? assay_fail(why, ASSAY_ERR_ARG, "--resume: %.200s is no regular file, so it has no journal", file)
                   : ASSAY_OK;
    const assay_status s = open_file(j, resume, why);
    if (s || j->f)
        return s;
    j->done = true;
    return open_file(j, false, why);
}

struct cJSON *assay_journal_next(assay_journal *j)
{
    if (j->done || !j->f)
        return NULL;
    const long at = ftell(j->f);
    const ssize_t n = getline(&j->line, &j->room, j->f);
    cJSON *o = n > 0 && j->line[n - 1] == '\n' ? cJSON_Parse(j->line) : NULL;
    if (cJSON_IsObject(o)) {
        j->line[n - 1] = 0;
        return o;
    }
    cJSON_Delete(o);
    j->done = true;
    if (fseek(j->f, at, SEEK_SET) || ftruncate(fileno(j->f), at))
        j->error = errno;
    return NULL;
}

const char *assay_journal_line(const assay_journal *j)
{
    return j->line;
}

assay_status assay_journal_put_aside(assay_journal *j, const char *reason, assay_why *why)
{
    char old[ASSAY_JOURNAL_PATH + 8];
    snprintf(old, sizeof old, "%s.old", j->path);
    fclose(j->f);
    j->f = NULL;
    if (!own(j->path) || !own(old))
        return assay_fail(why, ASSAY_ERR_IO, "%.200s is of %s, and cannot become %.200s: a link or a device", j->path,
                          reason, old);
    if (rename(j->path, old))
        return failed(j, errno, why);
    printf("--resume: the journal is of %s: kept as %s, all is done anew\n", reason, old);
    j->done = true;
    return open_file(j, false, why);
}

assay_status assay_journal_add(assay_journal *j, const assay_json *line, assay_why *why)
{
    if (line->failed || !line->text)
        return assay_fail(why, ASSAY_ERR_NOMEM, "a result could not be written as JSON");
    if (j->f && !j->error && (fprintf(j->f, "%s\n", line->text) < 0 || fflush(j->f)))
        j->error = errno;
    return j->error ? failed(j, j->error, why) : ASSAY_OK;
}

assay_status assay_journal_close(assay_journal *j, bool remove_it, assay_why *why)
{
    int error = 0;
    if (j->f && fclose(j->f))
        error = errno;
    if (j->f && !j->error && remove_it && own(j->path))
        unlink(j->path);
    const assay_status s = error && !j->error ? failed(j, error, why) : ASSAY_OK;
    free(j->line);
    j->f = NULL;
    j->line = NULL;
    return s;
}
