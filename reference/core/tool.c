/* SPDX-License-Identifier: MIT */
#include "tool.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int assay_tool(const char *const *argv, FILE *in, FILE *out, FILE *err)
{
    FILE *const file[] = { in, out, err };
    posix_spawn_file_actions_t a;
    pid_t pid;
    int status = 0;
    if (posix_spawn_file_actions_init(&a))
        return -1;
    for (int fd = 0; fd < 3; fd++)
        if (file[fd])
            posix_spawn_file_actions_adddup2(&a, fileno(file[fd]), fd);
        else
            posix_spawn_file_actions_addopen(&a, fd, "/dev/null", O_RDWR, 0);
    const int error = posix_spawnp(&pid, argv[0], &a, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&a);
    while (!error && waitpid(pid, &status, 0) != pid)
        if (errno != EINTR)
            return -1;
    errno = error;
    return error ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
