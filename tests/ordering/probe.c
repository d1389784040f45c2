/* tests/ordering/probe.c: see probe.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe.h"

static void put (GString *log, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
put (GString *log, const char *format, ...)
{
  if (log->len > 0)
    g_string_append_c (log, ' ');
  va_list args;
  va_start (args, format);
  g_string_append_vprintf (log, format, args);
  va_end (args);
}

static char *
to_hex (const guint8 *data, gsize len)
{
  GString *hex = g_string_new (NULL);
  for (gsize i = 0; i < len; i++)
    g_string_append_printf (hex, "%02x", data[i]);
  return g_string_free (hex, FALSE);
}

GBytes *
probe_bytes (const char *hex)
{
  GByteArray *bytes = g_byte_array_new ();
  for (; hex[0] != 0; hex += 2)
    {
      guint8 b = (guint8) (g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));
      g_byte_array_append (bytes, &b, 1);
    }
  return g_byte_array_free_to_bytes (bytes);
}

static void
on_deliver (gpointer host, guint sender, TyBatch *batch, gsize offset, guint64 first, guint64 last)
{
  Probe *p = host;
  TyBatchMessage m = { .next = offset };
  for (guint64 k = first; k <= last; k++)
    {
      ty_batch_at (batch, m.next, k, &m);
      g_assert_cmpuint (m.len, ==, 1);
      g_assert_cmpuint (m.data[0], ==, k & 0xff);
    }
  if (first == last)
    put (p->log, "%u:%" G_GUINT64_FORMAT, sender, first);
  else
    put (p->log, "%u:%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, sender, first, last);
}

static void
on_multicast (gpointer host, gconstpointer data, gsize len)
{
  Probe *p = host;
  g_autofree char *hex = to_hex (data, len);
  put (p->log, "<%s>", hex);
}

static const TyOrderingHost host_ops = { .deliver = on_deliver, .multicast = on_multicast };

Probe *
probe_new (const char *ordering, guint n, guint self)
{
  Probe *p = g_new0 (Probe, 1);
  const TyOrderingOps *ops = ty_modules_find_ordering (&ty_modules, ordering);
  g_assert_nonnull (ops);
  g_assert_cmpuint (n, <=, G_N_ELEMENTS (p->received));
  p->n = n;
  p->self = self;
  p->log = g_string_new (NULL);
  p->o = ops->create (ops, &host_ops, p);
  ops->begin (p->o, n, self);
  return p;
}

void
probe_free (Probe *p)
{
  p->o->ops->free (p->o);
  g_string_free (p->log, TRUE);
  g_free (p);
}

static TyBatch *
make_batch (const char *services, guint64 first, const guint8 *stamp, gsize stamp_len)
{
  static const TyId group = { { 1 } };
  TyBatchBuilder builder;
  ty_batch_builder_init (&builder);
  for (guint i = 0; services[i] != 0; i++)
    {
      guint8 payload = (guint8) (first + i);
      ty_batch_builder_add (&builder, (TyService) (strchr ("fcas", services[i]) - "fcas"), &payload, 1);
    }
  return ty_batch_builder_seal (&builder, &group, 1, first, stamp, stamp_len);
}

gboolean
probe_take (Probe *p, guint sender, const char *services, const char *stamp)
{
  g_autoptr (GBytes) bytes = probe_bytes (stamp);
  gsize len;
  const guint8 *data = g_bytes_get_data (bytes, &len);
  g_autoptr (TyBatch) batch = make_batch (services, p->received[sender] + 1, data, len);
  if (!p->o->ops->receive (p->o, sender, batch))
    {
      g_assert_cmpint (batch->ref, ==, 1);
      return FALSE;
    }
  p->received[sender] = batch->last;
  return TRUE;
}

void
probe_send (Probe *p, const char *services)
{
  guint32 bits = 0;
  for (guint i = 0; services[i] != 0; i++)
    bits |= 1u << (strchr ("fcas", services[i]) - "fcas");
  g_autoptr (GByteArray) stamp = g_byte_array_new ();
  p->o->ops->stamp (p->o, bits, stamp);
  g_autofree char *hex = to_hex (stamp->data, stamp->len);
  put (p->log, "(%s)", hex);
  g_assert_true (probe_take (p, p->self, services, hex));
}

gboolean
probe_packet (Probe *p, guint from, const char *hex)
{
  g_autoptr (GBytes) bytes = probe_bytes (hex);
  gsize len;
  const guint8 *data = g_bytes_get_data (bytes, &len);
  return p->o->ops->on_packet (p->o, from, data, len);
}

gboolean
probe_gossip (Probe *p, guint from, const char *hex)
{
  g_autoptr (GBytes) bytes = probe_bytes (hex);
  gsize len;
  const guint8 *data = g_bytes_get_data (bytes, &len);
  return p->o->ops->on_gossip (p->o, from, data, len);
}

void
probe_pump (Probe *p)
{
  p->o->ops->pump (p->o);
}

void
probe_mode (Probe *p, gboolean deliver, gboolean promise)
{
  p->o->ops->set_mode (p->o, deliver, promise);
}

void
probe_close (Probe *p, const char *order, ...)
{
  guint64 cut[G_N_ELEMENTS (p->received)];
  va_list args;
  va_start (args, order);
  for (guint i = 0; i < p->n; i++)
    cut[i] = va_arg (args, guint);
  va_end (args);
  g_autoptr (GBytes) bytes = probe_bytes (order);
  TyClosing closing = { .cut = cut };
  closing.order = g_bytes_get_data (bytes, &closing.order_len);
  g_assert_true (p->o->ops->check_order (p->o, closing.order, closing.order_len));
  p->o->ops->close (p->o, &closing);
}

char *
probe_digest (Probe *p)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  p->o->ops->digest (p->o, bytes);
  return to_hex (bytes->data, bytes->len);
}

char *
probe_gossips (Probe *p, guint to)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  p->o->ops->gossip (p->o, to, bytes);
  return to_hex (bytes->data, bytes->len);
}

char *
probe_merge (Probe *p, const char *const *digests)
{
  GBytes *bytes[G_N_ELEMENTS (p->received)];
  TyReader readers[G_N_ELEMENTS (p->received)];
  for (guint i = 0; i < p->n; i++)
    {
      bytes[i] = probe_bytes (digests[i]);
      readers[i] = ty_reader_of_bytes (bytes[i]);
    }
  g_autoptr (GByteArray) order = g_byte_array_new ();
  guint faulty = 99;
  gboolean good = p->o->ops->merge (p->o, readers, order, &faulty);
  for (guint i = 0; i < p->n; i++)
    g_bytes_unref (bytes[i]);
  g_assert_true (good || order->len == 0);
  return good ? to_hex (order->data, order->len) : g_strdup_printf ("! %u", faulty);
}
