/* core/value.c: see value.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/value.h"

#include <sodium.h>

/* They enter one at a time; more than a few at once are nonsense. */
#define TY_MAX_NEWCOMERS 64

TyValue *
ty_value_new (void)
{
  TyValue *value = g_new0 (TyValue, 1);
  value->ref = 1;
  return value;
}

TyValue *
ty_value_ref (TyValue *value)
{
  g_assert (value->ref > 0);
  value->ref++;
  return value;
}

void
ty_members_free (TyMember *members, guint n_members)
{
  for (guint i = 0; i < n_members; i++)
    ty_member_clear (&members[i]);
  g_free (members);
}

void
ty_value_unref (TyValue *value)
{
  g_assert (value->ref > 0);
  if (--value->ref > 0)
    return;
  ty_members_free (value->members, value->n_members);
  g_free (value->group_name);
  g_free (value->gone);
  g_free (value->cut);
  g_clear_pointer (&value->order, g_bytes_unref);
  g_free (value);
}

void
ty_member_write (TyWriter *w, const TyMember *member)
{
  ty_write_id (w, &member->pid);
  ty_write_text (w, member->name);
  ty_write_text (w, member->address);
  ty_write_varint (w, member->weight);
  ty_write_varint (w, member->since << 1 | (member->loaded ? 1 : 0));
}

gboolean
ty_member_read (TyReader *r, TyMember *member)
{
  *member = (TyMember){ 0 };
  ty_read_id (r, &member->pid);
  member->name = ty_read_text (r, TY_MAX_NAME_BYTES);
  member->address = ty_read_text (r, TY_MAX_ADDRESS_BYTES);
  member->weight = (guint32) ty_read_bounded (r, TY_MAX_WEIGHT);
  guint64 since = ty_read_varint (r);
  member->since = since >> 1;
  member->loaded = (since & 1) != 0;
  if (!r->bad)
    return TRUE;
  ty_member_clear (member);
  return FALSE;
}

TyMember *
ty_members_read (TyReader *r, guint *n_members)
{
  gsize n = ty_read_count (r, 20);
  if (r->bad || n > TY_MAX_MEMBERS)
    {
      r->bad = TRUE;
      return NULL;
    }
  TyMember *members = g_new0 (TyMember, MAX (n, 1));
  for (guint i = 0; i < n; i++)
    if (!ty_member_read (r, &members[i]))
      {
        ty_members_free (members, i);
        return NULL;
      }
  *n_members = (guint) n;
  return members;
}

void
ty_value_write (TyWriter *w, const TyValue *value)
{
  ty_write_id (w, &value->group);
  ty_write_view_id (w, &value->old);
  ty_write_view_id (w, &value->id);
  ty_write_text (w, value->group_name);
  ty_write_varint (w, value->n_members);
  for (guint i = 0; i < value->n_members; i++)
    ty_member_write (w, &value->members[i]);
  ty_write_varint (w, value->n_gone);
  for (guint i = 0; i < value->n_gone; i++)
    ty_write_varint (w, (guint64) value->gone[i].rank << 3 | (guint64) value->gone[i].why);
  ty_write_varint (w, value->n_old);
  for (guint i = 0; i < value->n_old; i++)
    ty_write_varint (w, value->cut[i]);
  gsize len;
  const guint8 *order = g_bytes_get_data (value->order, &len);
  ty_write_block (w, order, len);
  ty_write_block (w, value->keys.b, value->has_keys ? sizeof value->keys.b : 0);
}

static gboolean
read_gone (TyReader *r, TyValue *value)
{
  gsize n_gone = ty_read_count (r, 1);
  if (r->bad || n_gone > TY_MAX_MEMBERS)
    return FALSE;
  value->n_gone = (guint) n_gone;
  value->gone = g_new0 (TyGone, MAX (value->n_gone, 1));
  for (guint i = 0; i < value->n_gone; i++)
    {
      guint64 v = ty_read_varint (r);
      value->gone[i] = (TyGone){ .rank = (guint) MIN (v >> 3, G_MAXUINT), .why = (TyLeftWhy) (v & 7) };
      gboolean ascending = i == 0 || value->gone[i].rank > value->gone[i - 1].rank;
      if ((v & 7) > TY_LEFT_REVOKED || !ascending)
        return FALSE;
    }
  return !r->bad;
}

static gboolean
read_cut (TyReader *r, TyValue *value)
{
  gsize n_old = ty_read_count (r, 1);
  if (r->bad || n_old == 0 || n_old > TY_MAX_MEMBERS)
    return FALSE;
  value->n_old = (guint) n_old;
  value->cut = g_new0 (guint64, value->n_old);
  for (guint i = 0; i < value->n_old; i++)
    value->cut[i] = ty_read_bounded (r, G_MAXINT64);
  return !r->bad && (value->n_gone == 0 || value->gone[value->n_gone - 1].rank < value->n_old);
}

TyValue *
ty_value_read (TyReader *r)
{
  g_autoptr (TyValue) value = ty_value_new ();
  ty_read_id (r, &value->group);
  ty_read_view_id (r, &value->old);
  ty_read_view_id (r, &value->id);
  value->group_name = ty_read_text (r, TY_MAX_NAME_BYTES);
  value->members = r->bad ? NULL : ty_members_read (r, &value->n_members);
  gboolean fine = value->members != NULL && value->id.number == value->old.number + 1 && read_gone (r, value)
                  && read_cut (r, value);
  gsize len;
  const guint8 *order = ty_read_block (r, &len);
  value->order = g_bytes_new (order, len);
  const guint8 *keys = ty_read_block (r, &len);
  fine = fine && !r->bad && (len == 0 || len == sizeof value->keys.b);
  value->has_keys = fine && len > 0;
  if (value->has_keys)
    memcpy (value->keys.b, keys, sizeof value->keys.b);
  if (fine && !r->bad)
    return g_steal_pointer (&value);
  r->bad = TRUE;
  r->at = r->end;
  return NULL;
}

void
ty_value_digest (const TyValue *value, TyId *out)
{
  g_autoptr (GByteArray) w = g_byte_array_new ();
  ty_value_write (w, value);
  crypto_generichash (out->b, sizeof out->b, w->data, w->len, NULL, 0);
}

/* Who goes on is who it was: it may have loaded since, and then it has the weight that it was to have (V10). */
static gboolean
goes_on_as (const TyMember *is, const TyMember *was)
{
  gboolean has_loaded = is->loaded && !was->loaded;
  return is->since == was->since && g_str_equal (is->name, was->name) && g_str_equal (is->address, was->address)
         && (is->loaded || !was->loaded) && (is->weight == was->weight || (has_loaded && was->weight == 0));
}

/* Those behind the members that go on. */
static gboolean
newcomers_fit (const TyValue *value, guint first, const TyetView *view)
{
  if (value->n_members - first > TY_MAX_NEWCOMERS)
    return FALSE;
  for (guint i = first; i < value->n_members; i++)
    {
      const TyId *pid = &value->members[i].pid;
      if (value->members[i].since != value->id.number || ty_view_rank (view, pid) < view->n_members
          || ty_value_rank (value, pid) != i)
        return FALSE;
    }
  return TRUE;
}

gboolean
ty_value_follows (const TyValue *value, const TyetView *view)
{
  guint next = 0, gone = 0;
  /* V13: the group's id is part of the first view's value. */
  if (value->has_keys && (value->n_gone > 0 || value->n_members != view->n_members || view->id.number == 0))
    return FALSE;
  gboolean same_group = view->id.number == 0 || ty_id_equal (&value->group, &view->group);
  if (!same_group || !ty_view_id_equal (&value->old, &view->id)
      || value->n_old != view->n_members)
    return FALSE;
  for (guint rank = 0; rank < view->n_members; rank++)
    {
      const TyMember *was = &view->members[rank];
      const TyMember *is = next < value->n_members ? &value->members[next] : NULL;
      /* V13: a founder that has not been met yet is known by its name. */
      gboolean unmet = view->id.number == 0 && ty_id_is_null (&was->pid);
      if (is != NULL && (unmet || ty_id_equal (&is->pid, &was->pid)) && goes_on_as (is, was))
        next++;
      else if (gone < value->n_gone && value->gone[gone].rank == rank)
        gone++;
      else
        return FALSE;
    }
  return gone == value->n_gone && newcomers_fit (value, next, view);
}

guint
ty_value_rank (const TyValue *value, const TyId *pid)
{
  guint rank = 0;
  while (rank < value->n_members && !ty_id_equal (&value->members[rank].pid, pid))
    rank++;
  return rank;
}

gboolean
ty_value_gone (const TyValue *value, guint old_rank, TyLeftWhy *why)
{
  for (guint i = 0; i < value->n_gone; i++)
    if (value->gone[i].rank == old_rank)
      {
        *why = value->gone[i].why;
        return TRUE;
      }
  return FALSE;
}
