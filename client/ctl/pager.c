/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/pager.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl/child.h"

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

pid_t pager_start(void)
{
    char *words[WORDS_MAX];
    char *text = strdup(command());
    pid_t pager = 0;
    int out;

    if (!text)
        return 0;
    split(text, words);
    /* Quit if it fits on one screen, let colours through, leave the text there. */
    setenv("LESS", "FRX", 0);
    if (words[0] && strcmp(words[0], "cat") != 0 &&
        child_start(words, STDIN_FILENO, &pager, &out) >= 0) {
        dup2(out, STDOUT_FILENO);
        close(out);
        /* The pager handles interrupts from now on. */
        signal(SIGINT, SIG_IGN);
    }
    free(text);
    return pager;
}

void pager_finish(pid_t pager)
{
    fclose(stdout);
    child_wait(pager);
}
