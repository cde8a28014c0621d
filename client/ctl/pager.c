/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 16

static const char *command(void)
{
    const char *pager = getenv("LINKWATCH_PAGER");

    if (!pager)
        pager = getenv("PAGER");
    return pager ? pager : "less";
}

/* Splits a command at its blanks. */
static void split(char *text, char *words[WORDS_MAX])
{
    char *rest = NULL;
    int count = 0;

    for (char *word = strtok_r(text, " \t", &rest); word && count < WORDS_MAX - 1;
         word = strtok_r(NULL, " \t", &rest))
        words[count++] = word;
    words[count] = NULL;
}

/* Becomes the pager. If that fails, sends its parent the error. */
static void become(char *words[], int in, int report)
{
    int error;

    if (dup2(in, STDIN_FILENO) >= 0) {
        /* Quit if it fits on one screen, let colours through, leave the text there. */
        setenv("LESS", "FRX", 0);
        signal(SIGPIPE, SIG_DFL);
        execvp(words[0], words);
    }
    error = errno;
    if (write(report, &error, sizeof(error)) < 0)
        _exit(126);
    _exit(127);
}

/* Whether the child became the pager: then the pipe was closed without an error. */
static int could_start(int report)
{
    int error;
    ssize_t n;

    do
        n = read(report, &error, sizeof(error));
    while (n < 0 && errno == EINTR);
    return n == 0;
}

static void reap(pid_t pager)
{
    while (waitpid(pager, NULL, 0) < 0 && errno == EINTR)
        ;
}

static void close_both(const int pipe_fds[2])
{
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static pid_t run(char *words[], int *ret_out)
{
    int text[2];
    int report[2];
    pid_t pager;

    if (pipe2(text, O_CLOEXEC) < 0)
        return 0;
    if (pipe2(report, O_CLOEXEC) < 0) {
        close_both(text);
        return 0;
    }
    pager = fork();
    if (pager == 0)
        become(words, text[0], report[1]);
    close(text[0]);
    close(report[1]);
    if (pager > 0 && !could_start(report[0])) {
        reap(pager);
        pager = 0;
    }
    close(report[0]);
    if (pager <= 0) {
        close(text[1]);
        return 0;
    }
    *ret_out = text[1];
    return pager;
}

pid_t pager_start(void)
{
    char *words[WORDS_MAX];
    char *text = strdup(command());
    pid_t pager = 0;
    int out;

    if (!text)
        return 0;
    split(text, words);
    if (words[0] && strcmp(words[0], "cat") != 0)
        pager = run(words, &out);
    free(text);
    if (pager > 0) {
        dup2(out, STDOUT_FILENO);
        close(out);
        /* The pager handles interrupts from now on. */
        signal(SIGINT, SIG_IGN);
    }
    return pager;
}

void pager_finish(pid_t pager)
{
    fclose(stdout);
    reap(pager);
}
