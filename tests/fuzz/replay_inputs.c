/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives a fuzz target the inputs that are kept, one by one: replay FOLDER... Each also cut
 * at many lengths and with many bytes changed, always in the same way. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/model/check.h"

#define INPUT_MAX ((size_t)1 << 20)
/* How many places of an input are tried at most. */
#define PLACES 64

struct input {
    uint8_t *data;
    size_t size;
};

static struct input read_input(const char *folder, const char *name)
{
    struct input input = {.data = malloc(INPUT_MAX)};
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "re");
    if (!file || !input.data) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(EXIT_FAILURE);
    }
    input.size = fread(input.data, 1, INPUT_MAX, file);
    CHECK(input.size < INPUT_MAX && !ferror(file));
    fclose(file);
    return input;
}

/* In memory that ends where the input does. */
static void try_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    CHECK(copy);
    if (size)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void try_variants(const struct input *input)
{
    size_t step = input->size / PLACES + 1;

    for (size_t place = 0; place < input->size; place += step) {
        uint8_t byte = input->data[place];

        try_copy(input->data, place);
        input->data[place] = (uint8_t)(byte ^ (1u << place % 8));
        try_copy(input->data, input->size);
        input->data[place] = 0;
        try_copy(input->data, input->size);
        input->data[place] = byte;
    }
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay(const char *folder, const struct dirent *entry)
{
    struct input input = read_input(folder, entry->d_name);

    /* Should it end here, this says with what. */
    printf("# %s\n", entry->d_name);
    fflush(stdout);
    try_copy(input.data, input.size);
    try_variants(&input);
    free(input.data);
}

static int replay_folder(const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_input, alphasort);

    if (count < 0) {
        fprintf(stderr, "%s: %s\n", folder, strerror(errno));
        exit(EXIT_FAILURE);
    }
    for (int i = 0; i < count; i++) {
        replay(folder, entries[i]);
        free(entries[i]);
    }
    free(entries);
    return count;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (replay_folder(argv[i]) == 0) {
            fprintf(stderr, "%s is empty\n", argv[i]);
            return EXIT_FAILURE;
        }
    return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
