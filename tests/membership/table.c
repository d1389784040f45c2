/* tests/membership/table.c: see table.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/membership/table.h"

static Seat *
seat_of (Table *table, const TyId *pid)
{
  for (guint i = 0; i < table->n_seats; i++)
    if (ty_id_equal (&table->seats[i].pid, pid))
      return &table->seats[i];
  return NULL;
}

/* ---- the host ---- */

static gint64
host_now (gpointer host)
{
  return ((Seat *) host)->table->now;
}

static void
host_draw (gpointer host, gpointer out, gsize len)
{
  memset (out, 0x42, len);
}

static TyReach
host_reach (gpointer host, const TyId *pid)
{
  Seat *seat = host;
  Seat *other = seat_of (seat->table, pid);
  return other != NULL ? seat->reach[other->index] : TY_REACH_NONE;
}

static void
sent_free (Sent *sent)
{
  g_bytes_unref (sent->bytes);
  g_free (sent);
}

static Sent *
sent_new (guint from, guint to, const GByteArray *packet)
{
  Sent *sent = g_new0 (Sent, 1);
  TyReader r = TY_READER (packet->data, packet->len);
  TyId group;
  sent->from = from;
  sent->to = to;
  sent->bytes = g_bytes_new (packet->data, packet->len);
  sent->type = (TyPacketType) ty_read_u8 (&r);
  if (sent->type != TY_PACKET_JOIN && sent->type != TY_PACKET_WELCOME)
    {
      ty_read_id (&r, &group);
      sent->view = ty_read_varint (&r);
      g_assert_false (r.bad);
    }
  return sent;
}

static void
host_send (gpointer host, const TyId *pid, GByteArray *packet)
{
  Seat *seat = host;
  Table *table = seat->table;
  Seat *to = seat_of (table, pid);
  if (to == NULL || (to != seat && seat->reach[to->index] != TY_REACH_UP && seat->reach[to->index] != TY_REACH_SUSPECT))
    return;
  g_queue_push_tail (&table->queue, sent_new (seat->index, to->index, packet));
  if (to != seat)
    g_ptr_array_add (table->log, sent_new (seat->index, to->index, packet));
}

static void
host_dial (gpointer host, const char *address, const TyId *pid)
{
  Seat *seat = host;
  for (guint i = 0; i < seat->table->n_seats; i++)
    if (g_str_equal (seat->table->seats[i].address, address))
      {
        guint dial = seat->index * MAX_SEATS + i;
        g_array_append_val (seat->table->dials, dial);
      }
}

static void
host_probe (gpointer host, const TyId *pid)
{
}

static void
host_freeze (gpointer host)
{
  Seat *seat = host;
  g_assert_false (seat->frozen);
  seat->frozen = TRUE;
}

static void
host_write_receipts (gpointer host, TyWriter *w)
{
  Seat *seat = host;
  for (guint i = 0; i < seat->view->n_members; i++)
    ty_write_varint (w, seat->received[i]);
}

static void
host_write_order (gpointer host, TyWriter *w)
{
}

static gboolean
host_read_receipts (gpointer host, TyReader r, guint64 *received)
{
  Seat *seat = host;
  for (guint i = 0; i < seat->view->n_members; i++)
    received[i] = ty_read_bounded (&r, G_MAXINT64);
  return ty_reader_done (&r);
}

static gboolean
host_merge (gpointer host, const TyDigest *digests, guint n_digests, guint64 **cut, GBytes **order, guint *faulty)
{
  Seat *seat = host;
  guint n = seat->view->n_members;
  g_autofree guint64 *highest = g_new0 (guint64, n);
  for (guint i = 0; i < n_digests; i++)
    {
      guint64 one[MAX_SEATS] = { 0 };
      if (!host_read_receipts (host, digests[i].receipts, one))
        {
          *faulty = digests[i].rank;
          return FALSE;
        }
      for (guint s = 0; s < n; s++)
        highest[s] = MAX (highest[s], one[s]);
    }
  *cut = g_steal_pointer (&highest);
  *order = g_bytes_new (NULL, 0);
  return TRUE;
}

static guint64
host_received (gpointer host, guint rank)
{
  return ((Seat *) host)->received[rank];
}

static gboolean
host_check_order (gpointer host, GBytes *order)
{
  return g_bytes_get_size (order) == 0;
}

static gboolean
host_may_close (gpointer host, const guint64 *cut, GBytes *order)
{
  return TRUE;
}

static gboolean
host_holds (gpointer host, const guint64 *cut)
{
  Seat *seat = host;
  for (guint i = 0; i < seat->view->n_members; i++)
    if (seat->received[i] < cut[i])
      return FALSE;
  return TRUE;
}

/* Forwarded messages are a packet that says up to where they go. */
static void
host_forward (gpointer host, guint64 view, const TyId *to, guint sender, guint64 after, guint64 upto)
{
  Seat *seat = host;
  Table *table = seat->table;
  Seat *other = seat_of (table, to);
  g_string_append_printf (table->forwards, "%u>%u %u(%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "] ", seat->index,
                          other->index, sender, after, upto);
  g_autoptr (GByteArray) w = ty_m_packet_of (seat->m, TY_PACKET_FORWARD, view);
  ty_write_varint (w, sender);
  ty_write_varint (w, upto);
  host_send (host, to, w);
}

/* Packets of the view that has begun are taken as if they came now (V7). */
static void
replay (Seat *seat)
{
  Table *table = seat->table;
  for (guint i = 0; i < table->ahead->len;)
    {
      Sent *sent = table->ahead->pdata[i];
      if (sent->to != seat->index || sent->view > seat->view->id.number)
        {
          i++;
          continue;
        }
      sent = g_ptr_array_steal_index (table->ahead, i);
      if (sent->view == seat->view->id.number)
        g_queue_push_tail (&table->queue, sent);
      else
        sent_free (sent);
    }
}

static void
begin (Seat *seat, TyetView *view)
{
  g_clear_pointer (&seat->view, tyet_view_unref);
  seat->view = tyet_view_ref (view);
  seat->frozen = seat->blocked = FALSE;
  memset (seat->received, 0, sizeof seat->received);
  ty_membership.begin (seat->m, view);
  replay (seat);
}

static void
host_install (gpointer host, TyValue *value)
{
  Seat *seat = host;
  TyLeftWhy why;
  guint rank = ty_value_rank (value, &seat->pid);
  g_ptr_array_add (seat->values, ty_value_ref (value));
  if (rank == value->n_members)
    {
      g_assert_true (ty_value_gone (value, seat->view->self, &why));
      seat->left = why == TY_LEFT_LEAVE;
      seat->excluded = !seat->left;
      return;
    }
  if (seat->view != NULL)
    g_assert_true (host_holds (host, value->cut));
  TyMember *members = g_new0 (TyMember, value->n_members);
  for (guint i = 0; i < value->n_members; i++)
    ty_member_copy (&members[i], &value->members[i]);
  g_autoptr (TyetView) view = ty_view_new (&value->group, "g", &value->id, members, value->n_members, &seat->pid);
  begin (seat, view);
}

static void
host_release (gpointer host, guint64 view)
{
  g_array_append_val (((Seat *) host)->released, view);
}

static void
host_blocked (gpointer host, const char *why)
{
  ((Seat *) host)->blocked = TRUE;
}

static void
host_excluded (gpointer host, const char *why)
{
  ((Seat *) host)->excluded = TRUE;
}

static void
host_gone (gpointer host)
{
  ((Seat *) host)->gone = TRUE;
}

static gboolean
host_found_group (gpointer host, const TyId *group)
{
  ((Seat *) host)->found = TRUE;
  return TRUE;
}

static void
host_join_failed (gpointer host, GError *error)
{
  g_clear_error (&((Seat *) host)->join_error);
  ((Seat *) host)->join_error = error;
}

static gboolean
host_asks_proof (gpointer host)
{
  return FALSE;
}

static TyAdmission
host_admits (gpointer host, const TyMember *as, TyProofRole role, const guint8 *proof, gsize proof_len)
{
  return TY_ADMISSION_YES;
}

static gboolean
host_may_stay (gpointer host, const TyId *pid)
{
  Seat *seat = host;
  Seat *other = seat_of (seat->table, pid);
  return other == NULL || seat->reach[other->index] == TY_REACH_NONE || !seat->bars[other->index];
}

static gboolean
host_proves (gpointer host, const TyId *from, const TyId *group, const guint8 *proof, gsize proof_len)
{
  return TRUE;
}

static void
host_write_proof (gpointer host, const TyId *to, TyProofRole role, TyWriter *w)
{
  ty_write_block (w, (const guint8 *) "", 0);
}

static void
host_shut_out (gpointer host, const TyId *pid)
{
}

static void
host_draw_keys (gpointer host, TyId *keys)
{
  memset (keys, 7, sizeof *keys);
}

static gboolean
host_has_keys (gpointer host, const TyId *keys)
{
  return TRUE;
}

static void
host_give_keys (gpointer host, const TyId *to, guint64 number, const TyId *keys)
{
}

static gboolean
host_take_keys (gpointer host, const TyId *from, const TyId *keys, TyReader *r)
{
  r->at = r->end;
  return TRUE;
}

static const TyMembershipHost table_host = {
  .draw_keys = host_draw_keys,
  .has_keys = host_has_keys,
  .give_keys = host_give_keys,
  .take_keys = host_take_keys,
  .admits = host_admits,
  .may_stay = host_may_stay,
  .write_proof = host_write_proof,
  .asks_proof = host_asks_proof,
  .proves = host_proves,
  .shut_out = host_shut_out,
  .now = host_now,
  .draw = host_draw,
  .reach = host_reach,
  .send = host_send,
  .dial = host_dial,
  .probe = host_probe,
  .freeze = host_freeze,
  .write_receipts = host_write_receipts,
  .write_order = host_write_order,
  .merge = host_merge,
  .read_receipts = host_read_receipts,
  .received = host_received,
  .check_order = host_check_order,
  .may_close = host_may_close,
  .holds = host_holds,
  .forward = host_forward,
  .install = host_install,
  .release = host_release,
  .blocked = host_blocked,
  .excluded = host_excluded,
  .gone = host_gone,
  .found_group = host_found_group,
  .join_failed = host_join_failed,
};

/* ---- the table ---- */

Table *
table_new (void)
{
  Table *table = g_new0 (Table, 1);
  table->now = 10000000;
  ty_node_config_init (&table->config);
  table->log = g_ptr_array_new_with_free_func ((GDestroyNotify) sent_free);
  table->ahead = g_ptr_array_new_with_free_func ((GDestroyNotify) sent_free);
  table->forwards = g_string_new (NULL);
  table->dials = g_array_new (FALSE, FALSE, sizeof (guint));
  return table;
}

void
table_free (Table *table)
{
  for (guint i = 0; i < table->n_seats; i++)
    {
      Seat *seat = &table->seats[i];
      if (seat->m != NULL)
        ty_membership.free (seat->m);
      g_clear_pointer (&seat->view, tyet_view_unref);
      g_clear_error (&seat->join_error);
      g_ptr_array_unref (seat->values);
      g_array_unref (seat->released);
    }
  g_queue_clear_full (&table->queue, (GDestroyNotify) sent_free);
  g_queue_clear_full (&table->held, (GDestroyNotify) sent_free);
  g_ptr_array_unref (table->log);
  g_ptr_array_unref (table->ahead);
  g_string_free (table->forwards, TRUE);
  g_array_unref (table->dials);
  g_free (table);
}

Seat *
table_seat (Table *table, gboolean ghost)
{
  g_assert (table->n_seats < MAX_SEATS);
  Seat *seat = &table->seats[table->n_seats];
  seat->table = table;
  seat->index = table->n_seats++;
  memset (seat->pid.b, (int) (seat->index + 1), sizeof seat->pid.b);
  g_snprintf (seat->name, sizeof seat->name, "s%u", seat->index);
  g_snprintf (seat->address, sizeof seat->address, "t://%u", seat->index);
  seat->values = g_ptr_array_new_with_free_func ((GDestroyNotify) ty_value_unref);
  seat->released = g_array_new (FALSE, FALSE, sizeof (guint64));
  if (!ghost)
    seat->m = ty_membership.create (&table_host, seat, &table->config, &seat->pid);
  return seat;
}

void
table_begin (Table *table, guint n, void (*adjust) (TyMember *members))
{
  TyId group;
  memset (group.b, 0xee, sizeof group.b);
  while (table->n_seats < n)
    table_seat (table, FALSE);
  for (guint i = 0; i < n; i++)
    for (guint j = 0; j < n; j++)
      table->seats[i].reach[j] = TY_REACH_UP;
  for (guint i = 0; i < n; i++)
    {
      Seat *seat = &table->seats[i];
      if (seat->m == NULL)
        continue;
      TyViewId id = { .number = 1, .ballot = { .counter = 1, .pid = table->seats[0].pid } };
      TyMember *members = g_new0 (TyMember, n);
      for (guint j = 0; j < n; j++)
        members[j] = (TyMember){ .pid = table->seats[j].pid,
                                 .name = g_strdup (table->seats[j].name),
                                 .address = g_strdup (table->seats[j].address),
                                 .weight = 1,
                                 .loaded = TRUE,
                                 .since = 1 };
      if (adjust != NULL)
        adjust (members);
      g_autoptr (TyetView) view = ty_view_new (&group, "g", &id, members, n, &seat->pid);
      begin (seat, view);
    }
}

/* As a group would: JOIN by name, and only a member answers it; what is ahead makes it ask. */
static gboolean
take (Seat *seat, const TyId *from, GBytes *bytes)
{
  TyReader r = ty_reader_of_bytes (bytes);
  TyPacketType type = (TyPacketType) ty_read_u8 (&r);
  if (type == TY_PACKET_JOIN || type == TY_PACKET_WELCOME)
    {
      g_autofree char *name = ty_read_text (&r, 255);
      g_assert_cmpstr (name, ==, "g");
      if (type == TY_PACKET_WELCOME)
        return ty_membership.on_welcome (seat->m, from, &r);
      return seat->view == NULL || ty_membership.on_join (seat->m, from, &r, "g", "fifo");
    }
  TyId group;
  ty_read_id (&r, &group);
  guint64 view = ty_read_varint (&r);
  if (seat->view == NULL && !seat->found)
    return TRUE;
  guint64 current = seat->view != NULL ? seat->view->id.number : 0;
  if (type == TY_PACKET_FORWARD)
    {
      guint64 sender = ty_read_varint (&r), upto = ty_read_varint (&r);
      if (view != current)
        return TRUE;
      seat->received[sender] = MAX (seat->received[sender], upto);
      ty_membership.on_progress (seat->m);
      return TRUE;
    }
  if (view > current && seat->view != NULL)
    {
      GByteArray packet
          = { .data = (guint8 *) g_bytes_get_data (bytes, NULL), .len = (guint) g_bytes_get_size (bytes) };
      g_ptr_array_add (seat->table->ahead, sent_new (seat_of (seat->table, from)->index, seat->index, &packet));
      ty_membership.on_other_view (seat->m, from, view);
      return TRUE;
    }
  return ty_membership.on_packet (seat->m, from, type, view, &r);
}

static void
come_up (Table *table, guint a, guint b)
{
  Seat *sa = &table->seats[a], *sb = &table->seats[b];
  if (a == b || table->cut[a][b] || table->dead[a] || table->dead[b]
      || (sa->reach[b] == TY_REACH_UP && sb->reach[a] == TY_REACH_UP))
    return;
  sa->reach[b] = sb->reach[a] = TY_REACH_UP;
  if (sa->m != NULL)
    ty_membership.on_reach (sa->m, &sb->pid, TY_REACH_UP, TRUE, NULL);
  if (sb->m != NULL)
    ty_membership.on_reach (sb->m, &sa->pid, TY_REACH_UP, TRUE, NULL);
}

static gboolean
move (Table *table)
{
  if (table->dials->len > 0)
    {
      guint dial = g_array_index (table->dials, guint, 0);
      g_array_remove_index (table->dials, 0);
      come_up (table, dial / MAX_SEATS, dial % MAX_SEATS);
      return TRUE;
    }
  Sent *sent = g_queue_pop_head (&table->queue);
  if (sent == NULL)
    return FALSE;
  Seat *to = &table->seats[sent->to];
  gboolean self = sent->from == sent->to;
  if (!self && table->hold != NULL && table->hold (table, sent))
    {
      g_queue_push_tail (&table->held, sent);
      return TRUE;
    }
  if (to->m != NULL && !table->dead[sent->to] && (self || to->reach[sent->from] != TY_REACH_DEAD))
    g_assert_true (take (to, &table->seats[sent->from].pid, sent->bytes));
  sent_free (sent);
  return TRUE;
}

void
table_tick (Table *table)
{
  for (guint i = 0; i < table->n_seats; i++)
    if (table->seats[i].m != NULL && !table->dead[i])
      ty_membership.tick (table->seats[i].m);
}

Seat *
table_join (Table *table, const char *name)
{
  Seat *seat = table_seat (table, FALSE);
  const char *contacts[] = { table->seats[0].address, NULL };
  TyMember me = { .pid = seat->pid,
                  .name = name != NULL ? (char *) name : seat->name,
                  .address = seat->address,
                  .weight = 1,
                  .loaded = TRUE };
  ty_membership.join (seat->m, "g", "fifo", contacts, &me, G_MAXINT64);
  return seat;
}

void
table_run (Table *table)
{
  for (guint quiet = 0, moves = 0; quiet < 2; moves++)
    {
      g_assert_cmpuint (moves, <, 100000);
      if (move (table))
        quiet = 0;
      else
        {
          table_tick (table);
          quiet++;
        }
    }
}

void
table_advance (Table *table, gint64 us)
{
  for (gint64 until = table->now + us; table->now < until;)
    {
      table->now = MIN (table->now + 10000, until);
      table_run (table);
    }
}

void
table_reach (Table *table, guint a, guint b, TyReach reach)
{
  Seat *sa = &table->seats[a], *sb = &table->seats[b];
  sa->reach[b] = sb->reach[a] = reach;
  table->cut[a][b] = table->cut[b][a] = reach != TY_REACH_UP;
  if (sa->m != NULL && !table->dead[a])
    ty_membership.on_reach (sa->m, &sb->pid, reach, FALSE, "test");
  if (sb->m != NULL && !table->dead[b])
    ty_membership.on_reach (sb->m, &sa->pid, reach, FALSE, "test");
}

void
table_kill (Table *table, guint dead, gboolean known)
{
  table->dead[dead] = TRUE;
  for (guint i = 0; known && i < table->n_seats; i++)
    if (i != dead && !table->dead[i])
      table_reach (table, i, dead, TY_REACH_DEAD);
}

void
table_release (Table *table)
{
  Sent *sent;
  table->hold = NULL;
  while ((sent = g_queue_pop_head (&table->held)) != NULL)
    g_queue_push_tail (&table->queue, sent);
}

void
table_drop_held (Table *table)
{
  g_queue_clear_full (&table->held, (GDestroyNotify) sent_free);
  g_queue_init (&table->held);
}

gboolean
table_feed (Table *table, guint from, guint to, TyPacketType type, guint64 view, GByteArray *body)
{
  TyId group;
  memset (group.b, 0xee, sizeof group.b);
  g_autoptr (GByteArray) w = g_byte_array_new ();
  ty_write_u8 (w, (guint8) type);
  ty_write_id (w, &group);
  ty_write_varint (w, view);
  g_byte_array_append (w, body->data, body->len);
  g_byte_array_unref (body);
  g_autoptr (GBytes) bytes = g_bytes_new (w->data, w->len);
  return take (&table->seats[to], &table->seats[from].pid, bytes);
}

const Sent *
table_last (Table *table, guint from, guint to, TyPacketType type)
{
  for (guint i = table->log->len; i-- > 0;)
    {
      const Sent *sent = table->log->pdata[i];
      if (sent->from == from && sent->to == to && sent->type == type)
        return sent;
    }
  return NULL;
}

guint
table_count (Table *table, guint from, guint to, TyPacketType type)
{
  guint n = 0;
  for (guint i = 0; i < table->log->len; i++)
    {
      const Sent *sent = table->log->pdata[i];
      n += sent->from == from && sent->to == to && sent->type == type;
    }
  return n;
}

TyReader
table_body (const Sent *sent)
{
  TyReader r = ty_reader_of_bytes (sent->bytes);
  TyId group;
  ty_read_u8 (&r);
  ty_read_id (&r, &group);
  ty_read_varint (&r);
  g_assert_false (r.bad);
  return r;
}

char *
table_members (Seat *seat)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < seat->view->n_members; i++)
    g_string_append_printf (text, "%s%u", i > 0 ? "," : "", seat_of (seat->table, &seat->view->members[i].pid)->index);
  return g_string_free (text, FALSE);
}
