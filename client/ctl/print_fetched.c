/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/print_fetched.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int print_array(const struct fetch *fetch, const struct ctl *ctl,
                       const struct fetched_printer *printer)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    int r;

    if (!to)
        return -ENOMEM;
    putc('[', to);
    printer->write_elements(to, fetch);
    putc(']', to);
    r = fclose(to) == 0 ? 0 : -ENOMEM;
    if (r >= 0)
        ctl_print_json(ctl, text);
    free(text);
    return r;
}

int print_fetched(const struct fetch *fetch, const struct ctl *ctl, int code,
                  const struct fetched_printer *printer)
{
    int checked = fetch_check(fetch, ctl);
    struct output output;
    int r;

    output_begin(&output, ctl->colour, ctl->pager && !ctl->json);
    r = ctl->json ? print_array(fetch, ctl, printer) : printer->print_text(fetch, ctl, &output);
    if (r < 0) {
        ctl_error("%s", strerror(-r));
        code = EXIT_FAILED;
    }
    return output_end(&output, code == EXIT_MET ? checked : code);
}
