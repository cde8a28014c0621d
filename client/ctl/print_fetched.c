/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/print_fetched.h"

int print_fetched(const struct fetch *fetch, const struct ctl *ctl, int code,
                  const struct fetched_printer *printer)
{
    int checked = fetch_check(fetch, ctl);
    struct output output;
    int r;

    output_begin(&output, ctl->colour, !ctl->no_pager && !ctl->json);
    r = ctl->json ? ctl_write_json(ctl, printer->write_array, fetch)
                  : printer->print_text(fetch, ctl, &output);
    if (r < 0)
        code = ctl_out_of_memory();
    return output_end(&output, code == EXIT_MET ? checked : code);
}
