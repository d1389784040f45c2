/* tests/api/lab.h: several processes in one program, over real sockets, for the tests of the public API.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>
#include <tyet.h>

/* A process in a group, and what it was told, as words: "view a b", "a: text", "blocked", "excluded" ... */
typedef struct
{
  TyetProcess *process;
  TyetGroup *group;
  GPtrArray *said; /* of char * */
  GError *error;   /* of the join, or what else was waited for */
  gboolean done;
  gboolean joining;
} Member;

/* A member of the group "g" that has not entered. `property` of the process, if not NULL, is set to `value`. */
Member *member_new (const char *name, const char *ordering, const char *property, guint value);
void member_free (Member *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Member, member_free)

void member_found (Member *m);
/* Joins by `contact`, and waits until it is in. */
void member_join (Member *m, Member *contact);
/* Starts to join; `done` is set at its end, with `error`. */
void member_join_async (Member *m, const char *contact, GCancellable *cancellable);

/* Runs the main context until `test` holds. */
#define until(test) \
  G_STMT_START \
  { \
    while (!(test)) \
      g_main_context_iteration (NULL, TRUE); \
  } \
  G_STMT_END

gboolean member_said (Member *m, const char *word);
guint member_count (Member *m, const char *prefix);
/* How many members its view has. */
guint member_size (Member *m);
/* A GAsyncReadyCallback for tyet_group_send_async (), leave_async () and join_async (): sets `done` and `error` of
 * the Member. */
void member_on_sent (GObject *source, GAsyncResult *result, gpointer m);
void member_on_left (GObject *source, GAsyncResult *result, gpointer m);
void member_on_joined (GObject *source, GAsyncResult *result, gpointer m);
