/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/exposition.h"

#include "client/ctl/json_text.h"

void exposition_begin(struct exposition *exposition, FILE *to, bool json)
{
    *exposition = (struct exposition){.to = to, .json = json};
    if (json)
        putc('[', to);
}

static void introduce(FILE *to, struct family *family)
{
    if (family->introduced)
        return;
    family->introduced = true;
    fprintf(to, "# TYPE %s%s %s\n", family->prefix, family->name, family->type);
    if (family->unit)
        fprintf(to, "# UNIT %s%s %s\n", family->prefix, family->name, family->unit);
    fprintf(to, "# HELP %s%s %s.\n", family->prefix, family->name, family->help);
}

static void write_value(FILE *to, const char *value)
{
    for (; *value; value++)
        if (*value == '\n')
            fputs("\\n", to);
        else if (*value == '"' || *value == '\\')
            fprintf(to, "\\%c", *value);
        else
            putc(*value, to);
}

static void add_line(FILE *to, struct family *family, const char *suffix,
                     const struct label *labels, size_t count, const char *value)
{
    introduce(to, family);
    fprintf(to, "%s%s%s", family->prefix, family->name, suffix);
    for (size_t i = 0; i < count; i++) {
        fprintf(to, "%s%s=\"", i == 0 ? "{" : ",", labels[i].name);
        write_value(to, labels[i].value);
        putc('"', to);
    }
    fprintf(to, "%s %s\n", count > 0 ? "}" : "", value);
}

static void add_object(struct exposition *exposition, const struct family *family,
                       const char *suffix, const struct label *labels, size_t count,
                       const char *value)
{
    FILE *to = exposition->to;

    fprintf(to, "{\"name\":\"%s%s%s\",\"type\":\"%s\",\"labels\":{", family->prefix, family->name,
            suffix, family->type);
    for (size_t i = 0; i < count; i++) {
        fprintf(to, "%s\"%s\":", i == 0 ? "" : ",", labels[i].name);
        json_write_string(to, labels[i].value);
    }
    fprintf(to, "},\"value\":%s}", value);
}

void exposition_add(struct exposition *exposition, struct family *family, const char *suffix,
                    const struct label *labels, size_t count, const char *value)
{
    if (exposition->json && exposition->begun)
        putc(',', exposition->to);
    exposition->begun = true;
    if (exposition->json)
        add_object(exposition, family, suffix, labels, count, value);
    else
        add_line(exposition->to, family, suffix, labels, count, value);
}

void exposition_end(struct exposition *exposition)
{
    fputs(exposition->json ? "]" : "# EOF\n", exposition->to);
}
