#include "daemon/listing.h"

#include <errno.h>
#include <stdlib.h>

/* What is held against the filter for one part, in units of filter_cost(): some 0.1 ms. */
#define WORK_AT_ONCE 512

struct listing {
    struct session *session;
    struct filter *filter;
    struct message_list list;
    listing_done done;
    void *user;
    struct turn turn;
    bool first;
    size_t next;
    size_t count;
    struct link *links[];
};

static struct listing *new_listing(const struct table *table)
{
    struct listing *listing =
        calloc(1, sizeof(*listing) + table_count(table) * sizeof(struct link *));
    struct link *link = NULL;

    if (!listing)
        return NULL;
    while (listing->count < table_count(table) &&
           (link = table_next(table, link ? link->ifindex : 0)))
        listing->links[listing->count++] = link_ref(link);
    return listing;
}

/* The texts are there already, or are kept for the next: nobody copies them. */
static int send_link(struct listing *listing, struct link *link)
{
    struct buffer *text = message_link_text(link);
    int r = 0;

    if (!text)
        return -ENOMEM;
    if (!listing->first)
        r = session_send(listing->session, buffer_ref(listing->list.comma));
    listing->first = false;
    return r < 0 ? r : session_send(listing->session, buffer_ref(text));
}

/* 1 if that was all, 0 if there is more. */
static int send_part(struct listing *listing)
{
    int r = 0;

    for (size_t work = 0; r >= 0 && listing->next < listing->count && work < WORK_AT_ONCE;
         work += filter_cost(listing->filter)) {
        struct link *link = listing->links[listing->next++];

        if (filter_passes_link(listing->filter, link))
            r = send_link(listing, link);
    }
    if (r < 0 || listing->next < listing->count)
        return r;
    r = session_send(listing->session, buffer_ref(listing->list.tail));
    return r < 0 ? r : 1;
}

static void take_turn(void *user)
{
    struct listing *listing = user;
    struct session *session = listing->session;
    listing_done done = listing->done;
    void *done_user = listing->user;
    int r = send_part(listing);

    if (r == 0) {
        turns_ask(session_turns(session), TURNS_WORK, &listing->turn);
        return;
    }
    listing_free(listing);
    done(done_user, session, r < 0 ? r : 0);
}

int listing_start(struct session *session, const struct table *table, struct filter *filter,
                  struct message_list *list, listing_done done, void *user, struct listing **ret)
{
    struct listing *listing = new_listing(table);
    int r;

    if (!listing) {
        filter_free(filter);
        message_list_clear(list);
        return -ENOMEM;
    }
    listing->session = session;
    listing->filter = filter;
    listing->list = *list;
    listing->done = done;
    listing->user = user;
    listing->first = true;
    listing->turn = (struct turn){.take = take_turn, .user = listing};
    r = session_send(session, buffer_ref(list->head));
    if (r >= 0)
        r = send_part(listing);
    if (r != 0) {
        listing_free(listing);
        return r < 0 ? r : 0;
    }
    turns_ask(session_turns(session), TURNS_WORK, &listing->turn);
    *ret = listing;
    return 1;
}

struct listing *listing_free(struct listing *listing)
{
    if (!listing)
        return NULL;
    turns_leave(session_turns(listing->session), &listing->turn);
    for (size_t i = 0; i < listing->count; i++)
        link_unref(listing->links[i]);
    message_list_clear(&listing->list);
    filter_free(listing->filter);
    free(listing);
    return NULL;
}
