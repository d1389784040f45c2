/* core/founding.c: founding a group together (V13).
 *
 * The founders' list is view 0: no messages, members known by name until they are met, everybody frozen from the start.
 * The first view is agreed on as any other, with two differences: the group's id is part of the value, and promises and
 * accepts are kept on stable storage before anything that follows from them is sent, because a founder, unlike a
 * member, may restart and vote again.  Its incarnation is kept with them, so that it is the same voter.
 *
 *   step                        what a crash here leaves behind
 *   promise or accept kept      a voter that, after its restart, still keeps to it
 *   first view installed        the record is dropped in the same step, before anything of that view is sent: a restart
 * before that asks and is told what was decided; a restart after it is another process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/founding.h"

#include "core/group-private.h"

#include <sodium.h>

#define RECORD_VERSION 1
#define RECORD_HEAD_BYTES 33

gboolean
ty_founding_read_pid (const guint8 *record, gsize len_bytes, TyId *pid)
{
  TyReader r = TY_READER (record, len_bytes);
  guint8 version = ty_read_u8 (&r);
  ty_read_id (&r, pid);
  return !r.bad && version == RECORD_VERSION;
}

/* Stands for the group until its id is decided. */
static void
digest_founding (const TyGroup *group, const char *const *names, const char *const *addresses, TyId *out)
{
  g_autoptr (GByteArray) w = g_byte_array_new ();
  ty_write_text (w, group->name);
  ty_write_text (w, group->ordering_ops->name);
  for (guint i = 0; names[i] != NULL; i++)
    {
      ty_write_text (w, names[i]);
      ty_write_text (w, addresses[i]);
    }
  crypto_generichash (out->b, sizeof out->b, w->data, w->len, NULL, 0);
}

/* What the others' readers take for a text. */
static gboolean
fits (const char *text, gsize most_bytes)
{
  g_autoptr (GByteArray) w = g_byte_array_new ();
  ty_write_text (w, text);
  TyReader r = TY_READER (w->data, w->len);
  g_autofree char *read = ty_read_text (&r, most_bytes);
  return read != NULL && *read != '\0';
}

static gboolean
check_founders (TyGroup *group, const char *const *names, const char *const *addresses, GError **error)
{
  gboolean self = FALSE;
  for (guint i = 0; names[i] != NULL; i++)
    {
      if (!fits (names[i], TY_MAX_NAME_BYTES) || !fits (addresses[i], TY_MAX_ADDRESS_BYTES))
        {
          g_set_error (error, TYET_ERROR, TYET_ERROR_ADDRESS,
                       "Founder %u of group \"%s\" is no NAME=ADDRESS: each is 1 to 255 bytes of UTF-8 without control "
                       "characters",
                       i + 1, group->name);
          return FALSE;
        }
      self |= g_str_equal (names[i], group->node->name);
      for (guint j = 0; j < i; j++)
        if (g_str_equal (names[i], names[j]) || g_str_equal (addresses[i], addresses[j]))
          {
            g_set_error (error, TYET_ERROR, TYET_ERROR_STATE,
                         "Two founders of group \"%s\" have one name or address: %s", group->name, names[i]);
            return FALSE;
          }
    }
  if (!self)
    g_set_error (error, TYET_ERROR, TYET_ERROR_STATE,
                 "This process, %s, is not in the list of founders of group \"%s\"", group->node->name, group->name);
  else if (group->node->storage == NULL)
    g_set_error (error, TYET_ERROR, TYET_ERROR_STATE,
                 "A founder needs storage for its promises; give the process a storage directory");
  return self && group->node->storage != NULL;
}

gboolean
ty_group_may_found_with (TyGroup *group, const char *const *names, const char *const *addresses, GError **error)
{
  return ty_group_may_enter (group, error) && check_founders (group, names, addresses, error);
}

gboolean
ty_group_found_with (TyGroup *group, const char *const *names, const char *const *addresses, const guint8 *record,
                     gsize record_len, GError **error)
{
  if (!ty_group_may_found_with (group, names, addresses, error))
    return FALSE;
  TyId founding, kept, pid;
  memset (&kept, 0, sizeof kept);
  digest_founding (group, names, addresses, &founding);
  TyReader r = TY_READER (record, record_len);
  if (record_len > 0)
    {
      ty_read_u8 (&r);
      ty_read_id (&r, &pid);
      ty_read_id (&r, &kept);
    }
  if (record_len > 0
      && (!ty_founding_read_pid (record, record_len, &pid) || !ty_id_equal (&pid, &group->node->pid)
          || !ty_id_equal (&kept, &founding)))
    {
      g_set_error (error, TYET_ERROR, TYET_ERROR_STATE,
                   "What storage has kept for group \"%s\" is of another process, or of other founders, another order "
                   "of them or another ordering: give the same as before, or another storage directory",
                   group->name);
      return FALSE;
    }
  guint n = g_strv_length ((char **) names);
  TyMember *members = g_new0 (TyMember, n);
  for (guint i = 0; i < n; i++)
    members[i] = (TyMember){
      .name = g_strdup (names[i]),
      .address = g_strdup (addresses[i]),
      .weight = 1,
      .loaded = TRUE,
      .since = 1,
    };
  for (guint i = 0; i < n; i++)
    if (g_str_equal (names[i], group->node->name))
      members[i].pid = group->node->pid;
  TyViewId id = { .number = 0 };
  group->founders = ty_view_new (&founding, group->name, &id, members, n, &group->node->pid);
  group->founding = g_bytes_new (r.at, ty_reader_left (&r));
  group->entering = TRUE;
  ty_node_kick (group->node);
  return TRUE;
}

/* View 0 begins, at the next step. */
void
ty_group_begin_founding (TyGroup *group)
{
  g_autoptr (TyetView) founders = g_steal_pointer (&group->founders);
  g_autoptr (GBytes) durable = g_steal_pointer (&group->founding);
  group->view = tyet_view_ref (founders);
  group->founding_id = group->id = founders->group;
  group->has_id = TRUE;
  ty_node_register (group->node, group);
  ty_group_enter_state (group, TY_GROUP_JOINING);
  ty_group_begin_flow (group);
  group->frozen = TRUE;
  group->frozen_since = group->node->now;
  if (group->membership_ops->found (group->membership, founders, ty_reader_of_bytes (durable)))
    {
      group->durable_dirty = TRUE;
      /* Whoever has a session with this process already is met now: nobody will come again. */
      for (guint i = 0; i < group->node->knowns->len; i++)
        if (((const TyKnown *) group->node->knowns->pdata[i])->reach == TY_REACH_UP)
          ty_group_on_known (group, group->node->knowns->pdata[i], FALSE, NULL);
    }
  else
    {
      ty_node_unregister (group->node, group);
      group->membership_ops->stop (group->membership);
      ty_group_fail_entry (group, g_error_new (TYET_ERROR, TYET_ERROR_STATE,
                                               "What storage has kept for group \"%s\" is damaged; the founder cannot "
                                               "vote: remove it, and join the group that the others found",
                                               group->name));
    }
}

static gboolean
keep (TyGroup *group, GError **error)
{
  TyNode *node = group->node;
  g_autoptr (GByteArray) w = g_byte_array_new ();
  gboolean founding = group->view != NULL && group->view->id.number == 0 && !ty_group_is_over (group);
  if (founding)
    {
      ty_write_u8 (w, RECORD_VERSION);
      ty_write_id (w, &node->pid);
      ty_write_id (w, &group->founding_id);
      group->membership_ops->write_durable (group->membership, w);
    }
  return node->storage (group->name, w->data, w->len, node->storage_data, error);
}

/* What is promised in this step is kept; if it cannot be, nothing that follows from it leaves the process. */
void
ty_group_keep_durable (TyGroup *group)
{
  TyNode *node = group->node;
  g_autoptr (GError) error = NULL;
  if (!group->durable_dirty)
    return;
  group->durable_dirty = FALSE;
  if (keep (group, &error) || ty_group_is_over (group) || group->view->id.number > 0)
    return;
  for (guint i = 0; i < node->effects->len; i++)
    {
      TyEffect *effect = &g_array_index (node->effects, TyEffect, i);
      if (effect->type == TY_EFFECT_SEND && effect->stream / 2 == group->stream / 2)
        {
          ty_effect_clear (effect);
          *effect = (TyEffect){ .type = TY_EFFECT_NONE };
        }
    }
  ty_node_unregister (node, group);
  group->membership_ops->stop (group->membership);
  ty_group_fail_entry (group, g_error_new (TYET_ERROR, TYET_ERROR_STATE,
                                           "The promises of a founder of group \"%s\" could not be kept: %s",
                                           group->name, error != NULL ? error->message : "unknown reason"));
}
