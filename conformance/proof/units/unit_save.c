/* SPDX-License-Identifier: MIT
 * The writer of files: what stands at the path stays what it is, a link, a pipe, a device, its mode, its owner; the old
 * file stands until the new one is whole. */
#include "../../../reference/core/save.h"
#include "unit.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/assay_save_XXXXXX";

static void enter(void)
{
    strcpy(strrchr(folder, '_'), "_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

static void leave(void)
{
    char command[100];
    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void holds(const char *path, const char *text)
{
    char got[100] = "";
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    got[fread(got, 1, sizeof got - 1, f)] = 0;
    fclose(f);
    ck_assert_str_eq(got, text);
}

static struct stat is(const char *path)
{
    struct stat st;
    ck_assert_int_eq(lstat(path, &st), 0);
    return st;
}

static void write_new(const char *path)
{
    assay_why why = { "" };
    ck_assert_msg(assay_save_text(path, "new", &why) == ASSAY_OK, "%s", why.text);
}

static void refused(const char *path, const char *sentence)
{
    assay_why why = { "" }, early = { "" };
    const char *option = "--json";
    ck_assert_int_eq(assay_save_text(path, "new", &why), ASSAY_ERR_IO);
    ck_assert_str_eq(why.text, sentence);
    if (!strstr(sentence, "space")) { /* known before the work is done */
        ck_assert_int_eq(assay_save_begin(&option, &path, 1, &early), ASSAY_ERR_IO);
        ck_assert_str_eq(early.text, sentence);
    }
}

static int files(void) /* in the folder: what was written aside is gone */
{
    FILE *f = popen("ls -A | wc -l", "r");
    int n = -1;
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fscanf(f, "%d", &n), 1);
    pclose(f);
    return n;
}

START_TEST(links_are_followed)
{
    ck_assert_int_eq(mkdir("other", 0777), 0);
    put("other/file", "old");
    ck_assert_int_eq(symlink("file", "other/near"), 0);
    ck_assert_int_eq(symlink("other/near", "far"), 0);
    ck_assert_int_eq(symlink("other/none", "dangling"), 0);
    write_new("far");
    holds("other/file", "new\n");
    write_new("dangling");
    holds("other/none", "new\n");
    ck_assert(S_ISLNK(is("far").st_mode) && S_ISLNK(is("other/near").st_mode) && S_ISLNK(is("dangling").st_mode));
    ck_assert(S_ISREG(is("other/file").st_mode) && S_ISREG(is("other/none").st_mode));
    ck_assert_int_eq(files(), 3);
    ck_assert_int_eq(symlink("b", "a"), 0);
    ck_assert_int_eq(symlink("a", "b"), 0);
    refused("a", "a: cannot be written: Too many levels of symbolic links");
}
END_TEST

START_TEST(mode_and_owner_stay)
{
    const mode_t mask = umask(027);
    write_new("fresh");
    umask(mask);
    ck_assert_uint_eq(is("fresh").st_mode & 07777, 0640);
    put("strict", "old");
    chmod("strict", 0604);
    const ino_t before = is("strict").st_ino;
    write_new("strict");
    ck_assert_uint_eq(is("strict").st_mode & 07777, 0604);
    ck_assert_uint_ne(is("strict").st_ino, before); /* renamed */
    put("one", "old");
    ck_assert_int_eq(link("one", "two"), 0); /* a rename would part them */
    write_new("one");
    holds("two", "new\n");
    if (geteuid() == 0) {
        ck_assert_int_eq(chown("strict", 12345, 12346), 0);
        write_new("strict");
        ck_assert_uint_eq(is("strict").st_uid, 12345);
        ck_assert_uint_eq(is("strict").st_gid, 12346);
    }
    ck_assert_int_eq(files(), 4);
}
END_TEST

START_TEST(devices_and_pipes_are_written_into)
{
    char text[8] = "";
    write_new("/dev/null");
    ck_assert(S_ISCHR(is("/dev/null").st_mode));
    refused("/dev/full", "/dev/full: cannot be written: No space left on device");
    ck_assert(S_ISCHR(is("/dev/full").st_mode));
    ck_assert_int_eq(mkfifo("pipe", 0666), 0);
    const int reader = open("pipe", O_RDONLY | O_NONBLOCK);
    write_new("pipe");
    ck_assert_int_eq(read(reader, text, sizeof text), 4);
    close(reader);
    ck_assert(S_ISFIFO(is("pipe").st_mode));
    ck_assert(!assay_save_regular("pipe") && !assay_save_regular("/dev/null") && !assay_save_regular("-"));
    ck_assert(assay_save_regular("x"));
}
END_TEST

/* A file behind a descriptor goes on where the descriptor stands: neither cut nor replaced. */
START_TEST(descriptors_are_written_into)
{
    char path[40];
    const int fd = open("log", O_RDWR | O_CREAT, 0666);
    ck_assert_int_eq(write(fd, "one\n", 4), 4);
    snprintf(path, sizeof path, "/dev/fd/%d", fd);
    write_new(path);
    ck_assert_int_eq(write(fd, "two\n", 4), 4);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ck_assert_int_eq(symlink(path, "link"), 0);
    write_new("link");
    close(fd);
    holds("log", "one\nnew\ntwo\nnew\n");
    ck_assert_int_eq(files(), 2);
}
END_TEST

START_TEST(the_old_file_stands)
{
    assay_save s;
    put("file", "old");
    ck_assert_int_eq(assay_save_open(&s, "file", NULL), ASSAY_OK);
    fputs("half", s.f);
    fflush(s.f);
    holds("file", "old");
    assay_save_cancel(&s);
    holds("file", "old");
    ck_assert_int_eq(files(), 1);
    refused(".", ".: cannot be written: Is a directory");
    refused("none/file", "none/file: cannot be written: No such file or directory");
    refused("file/", "file/: cannot be written: Not a directory");
    refused("", ": cannot be written: No such file or directory");
}
END_TEST

/* Run as root this takes another user's rights for a while. */
START_TEST(rights_are_respected)
{
    const uid_t me = geteuid(), other = me ? me : 12345;
    ck_assert_int_eq(mkdir("closed", 0777), 0);
    put("closed/mine", "old");
    put("closed/locked", "old");
    chmod("closed/mine", 0666);
    chmod("closed/locked", 0444);
    chmod(folder, 0755);
    chmod("closed", 0555);
    ck_assert_int_eq(seteuid(other), 0);
    refused("closed/new", "closed/new: cannot be written: Permission denied");
    refused("closed/locked", "closed/locked: cannot be written: Permission denied");
    write_new("closed/mine"); /* may be written, though nothing can be made beside it */
    ck_assert_int_eq(seteuid(me), 0);
    holds("closed/mine", "new\n");
    holds("closed/locked", "old");
    chmod("closed", 0777);
}
END_TEST

/* Where a shared folder has the sticky bit, another's file may be written and not be replaced. */
START_TEST(files_of_others_stay_theirs)
{
    if (geteuid())
        return; /* n/a: only root can make such a file */
    ck_assert_int_eq(mkdir("shared", 0777), 0);
    chmod(folder, 0755);
    chmod("shared", 01777);
    put("shared/theirs", "old");
    chmod("shared/theirs", 0666);
    ck_assert_int_eq(seteuid(12345), 0);
    write_new("shared/theirs");
    ck_assert_int_eq(seteuid(0), 0);
    holds("shared/theirs", "new\n");
    ck_assert_uint_eq(is("shared/theirs").st_uid, 0);
}
END_TEST

Suite *assay_unit_save(void)
{
    Suite *s = suite_create("save");
    TCase *c = tcase_create("save");
    tcase_add_checked_fixture(c, enter, leave);
    tcase_add_test(c, links_are_followed);
    tcase_add_test(c, mode_and_owner_stay);
    tcase_add_test(c, devices_and_pipes_are_written_into);
    tcase_add_test(c, descriptors_are_written_into);
    tcase_add_test(c, the_old_file_stands);
    tcase_add_test(c, rights_are_respected);
    tcase_add_test(c, files_of_others_stay_theirs);
    suite_add_tcase(s, c);
    return s;
}
