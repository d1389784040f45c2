/* transport/handshake.c: hello and intro: their bytes, and what goes wrong with them.
 *
 * The wire is in record.h, the states in hub-private.h, and what follows from them in agree.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/hub-private.h"

TySealing
ty_hub_sealing (const TyHub *hub)
{
  return hub->keys != NULL ? TY_SEALING_NOISE : TY_SEALING_NONE;
}

/* The dialer's comes first in the prologue. */
static void
keep_hello (TyConn *conn, gboolean own, const guint8 *bytes)
{
  memcpy (conn->hellos + (own == conn->dialed ? 0 : TY_HELLO_BYTES), bytes, TY_HELLO_BYTES);
}

void
ty_handshake_say_hello (TyConn *conn, TyHelloWhat what)
{
  guint8 bytes[TY_HELLO_BYTES];
  TyHello hello = { .version = TY_WIRE_VERSION, .what = what, .sealing = (guint8) ty_hub_sealing (conn->hub) };
  hello.pid = conn->hub->config.pid;
  const TyId *other = conn->dial != NULL ? &conn->dial->pid : &conn->pid;
  TyPeer *peer = ty_peer_find (conn->hub, other);
  if (peer != NULL)
    hello.session = *ty_session_id (peer->session);
  ty_hello_write (&hello, bytes);
  keep_hello (conn, TRUE, bytes);
  ty_conn_say (conn, bytes, sizeof bytes);
}

/* The dialer's last message. */
static void
finish_sealing (TyConn *conn, const GByteArray *record)
{
  if (ty_sealing_finish (conn, record))
    return;
  ty_dial_retry (conn->dial, "its keys are of no use");
  ty_conn_close (conn);
}

void
ty_handshake_say_intro (TyConn *conn, TyPeer *peer, gboolean resume)
{
  TyIntro intro = {
    .resume = resume,
    .session = *ty_session_id (peer->session),
    .next = ty_session_receive_next (peer->session),
    .name = conn->hub->name,
    .address = conn->hub->address,
  };
  char place[TY_SHM_PLACE_BYTES];
  if (!conn->dialed)
    ty_conn_shm_offer (conn, &intro, place);
  if (conn->state == TY_CONN_SEALING)
    {
      g_autoptr (GByteArray) record = g_byte_array_new ();
      ty_intro_write (&intro, record);
      finish_sealing (conn, record);
      if (!resume && conn->seal != NULL)
        memcpy (peer->binding, conn->seal->hash, sizeof peer->binding);
      return;
    }
  ty_intro_write (&intro, ty_conn_words (conn));
  ty_conn_mark (conn);
}

void
ty_handshake_say_probe (TyConn *conn)
{
  g_autoptr (GByteArray) record = g_byte_array_new ();
  ty_end_write (TY_END_PROBE, "is it you?", 0, record);
  finish_sealing (conn, record);
}

void
ty_handshake_begin (TyConn *conn)
{
  g_assert (conn->state == TY_CONN_CONNECTING);
  conn->state = TY_CONN_HELLO;
  conn->deadline_us = ty_time_after (conn->hub->now_us, conn->hub->config.handshake_us);
  if (conn->dialed)
    ty_handshake_say_hello (conn, TY_HELLO);
}

/* What an other end that is no tyet process has said, for people. */
static char *
describe_alien (const guint8 *data, gsize len_bytes)
{
  gsize n = MIN (len_bytes, 24);
  GString *text = g_string_new (NULL);
  gboolean printable = TRUE;
  if (len_bytes >= 5 && memcmp (data, "HTTP/", 5) == 0)
    return g_string_free (g_string_assign (text, "speaks HTTP, not the protocol of tyet"), FALSE);
  for (gsize i = 0; i < n; i++)
    printable = printable && (g_ascii_isprint (data[i]) || data[i] == '\r' || data[i] == '\n');
  g_string_append (text, "speaks something else than the protocol of tyet; it begins with ");
  for (gsize i = 0; i < n; i++)
    if (printable && g_ascii_isprint (data[i]))
      g_string_append_c (text, (char) data[i]);
    else if (!printable)
      g_string_append_printf (text, "%02x ", data[i]);
  return g_string_free (text, FALSE);
}

static void
refuse_version (TyConn *conn, const TyHello *hello)
{
  conn->hub->stats.other_version++;
  if (conn->dialed)
    {
      g_autofree char *why
          = g_strdup_printf ("speaks version %u of the protocol, this is version %u", hello->version, TY_WIRE_VERSION);
      ty_handshake_unusable (conn, why);
      return;
    }
  ty_handshake_say_hello (conn, TY_HELLO_REFUSED_VERSION);
  ty_conn_linger (conn);
}

/* The hello of whom was dialed. Sealed, it is believed when the handshake is done, and has no effect before. */
static void
on_answer (TyConn *conn, const TyHello *hello)
{
  gboolean sealed = conn->hub->keys != NULL;
  if (hello->what == TY_HELLO_REFUSED_VERSION)
    ty_handshake_unusable (conn, "refuses this version of the protocol");
  else if (hello->what == TY_HELLO_REFUSED_SEALING || hello->sealing != ty_hub_sealing (conn->hub))
    ty_handshake_denied (conn, sealed ? "does not seal its connections, and this process does"
                                      : "wants its connections sealed, and this process does not seal");
  else if (hello->what != TY_HELLO)
    ty_handshake_unusable (conn, "refuses the connection");
  else
    {
      conn->their_session = hello->session;
      conn->pid = hello->pid;
      if (sealed)
        ty_sealing_begin (conn);
      else
        ty_handshake_dialer_on_hello (conn);
    }
}

void
ty_handshake_on_refusal (TyConn *conn, const guint8 *data, gsize len_bytes)
{
  TyHello hello;
  gboolean good = ty_hello_read (data, len_bytes, &hello) == TY_HELLO_GOOD && hello.what == TY_HELLO_REFUSED_SECRET;
  conn->hub->stats.unproven++;
  gboolean another = conn->dialed && good && ty_sealing_next_secret (conn->dial);
  /* The other end may not have the new secret yet. */
  if (another || (conn->dialed && good && ty_sealing_has_former (conn->hub)))
    {
      ty_dial_retry (conn->dial, NULL);
      ty_conn_close (conn);
      return;
    }
  if (!conn->dialed)
    ty_conn_close (conn);
  else if (good)
    ty_handshake_denied (conn, "does not let this process in: they do not have the same network secret");
  else
    ty_handshake_unusable (conn, "its answer is not genuine");
}

static gsize
on_hello_bytes (TyConn *conn, const guint8 *data, gsize len_bytes)
{
  TyHello hello;
  TyHelloOutcome outcome = ty_hello_read (data, len_bytes, &hello);
  if (outcome == TY_HELLO_MORE)
    return 0;
  if (outcome == TY_HELLO_ALIEN)
    {
      conn->hub->stats.alien++;
      g_autofree char *what = describe_alien (data, len_bytes);
      if (conn->dialed)
        ty_handshake_unusable (conn, what);
      else
        ty_conn_close (conn);
      return 0;
    }
  if (hello.version != TY_WIRE_VERSION)
    {
      refuse_version (conn, &hello);
      return 0;
    }
  keep_hello (conn, FALSE, data);
  if (!conn->dialed)
    ty_handshake_acceptor_on_hello (conn, &hello);
  else
    on_answer (conn, &hello);
  return TY_HELLO_BYTES;
}

/* An end, instead of an intro. */
static void
on_early_end (TyConn *conn, const guint8 *body, gsize len_bytes)
{
  TyEnd end;
  gboolean good = ty_end_read (body, len_bytes, &end);
  g_autofree char *text = good ? end.text : NULL;
  if (conn->dialed && conn->probe != TY_PROBE_NONE)
    ty_handshake_probed (conn);
  else if (!conn->dialed && good && conn->seal != NULL && end.why == TY_END_PROBE && !conn->by_old)
    ty_conn_end (conn, TY_END_PROBE, "it is");
  else if (conn->dialed && good && (end.why == TY_END_UNKNOWN || end.why == TY_END_DOUBLE))
    ty_handshake_postpone (conn);
  else if (conn->dialed)
    {
      g_autofree char *why = g_strdup_printf ("turned us away: %s", good ? text : "(malformed)");
      ty_handshake_unusable (conn, why);
    }
  else
    ty_conn_close (conn);
}

void
ty_handshake_bad_intro (TyConn *conn, const char *why)
{
  conn->hub->stats.malformed++;
  g_autofree char *text = g_strdup_printf ("sent %s", why);
  if (conn->dialed)
    ty_handshake_unusable (conn, text);
  else
    ty_conn_end (conn, TY_END_MALFORMED, why);
}

static gsize
on_intro_bytes (TyConn *conn, const guint8 *data, gsize len_bytes)
{
  TyRecordHead head;
  TyIntro intro;
  const char *why;
  if (len_bytes < TY_RECORD_HEAD_BYTES)
    return 0;
  if (!ty_record_head_read (data, &head, &why))
    {
      ty_handshake_bad_intro (conn, why);
      return 0;
    }
  if ((head.kind != TY_RECORD_INTRO && head.kind != TY_RECORD_END) || head.body_bytes > TY_INTRO_MAX_BODY)
    {
      ty_handshake_bad_intro (conn, "something else than an intro");
      return 0;
    }
  const guint8 *body = data + TY_RECORD_HEAD_BYTES;
  if (len_bytes < TY_RECORD_HEAD_BYTES + head.body_bytes)
    return 0;
  if (head.kind == TY_RECORD_END)
    on_early_end (conn, body, head.body_bytes);
  else if (conn->probe != TY_PROBE_NONE)
    ty_handshake_bad_intro (conn, "an intro that was not asked for");
  else if (!ty_intro_read (body, head.body_bytes, &intro))
    ty_handshake_bad_intro (conn, "a malformed intro");
  else
    {
      if (conn->dialed)
        ty_handshake_dialer_on_intro (conn, &intro);
      else
        ty_handshake_acceptor_on_intro (conn, &intro);
      ty_intro_clear (&intro);
    }
  return TY_RECORD_HEAD_BYTES + head.body_bytes;
}

gsize
ty_handshake_on_bytes (TyConn *conn, const guint8 *data, gsize len_bytes)
{
  return conn->state == TY_CONN_HELLO ? on_hello_bytes (conn, data, len_bytes) : on_intro_bytes (conn, data, len_bytes);
}

/* ---- Failure ---- */

void
ty_handshake_failed (TyConn *conn, TyLinkEnd why, const char *text)
{
  if (!conn->dialed)
    return;
  if (conn->state == TY_CONN_CONNECTING && why == TY_LINK_REFUSED)
    ty_dial_refused (conn->dial);
  else if (conn->state == TY_CONN_CONNECTING && why == TY_LINK_BAD_ADDRESS)
    ty_dial_unusable (conn->dial, text);
  else if (conn->state == TY_CONN_CONNECTING || (conn->state == TY_CONN_HELLO && why == TY_LINK_RESET))
    ty_dial_retry (conn->dial, text); /* what broke says nothing of who is there */
  else if (conn->state == TY_CONN_HELLO && ++conn->dial->mute_ends < TY_MUTE_ENDS)
    ty_dial_retry (conn->dial, NULL);
  else if (conn->state == TY_CONN_HELLO)
    ty_dial_unusable (conn->dial, "accepted the connection and closed it without a word");
  else
    ty_dial_retry (conn->dial, "broke off while shaking hands");
}

void
ty_handshake_timed_out (TyConn *conn)
{
  g_autofree char *why = NULL;
  double seconds = (double) conn->hub->config.handshake_us / G_USEC_PER_SEC;
  if (conn->state != TY_CONN_CONNECTING)
    conn->hub->stats.silent++;
  if (!conn->dialed)
    return;
  if (conn->state == TY_CONN_CONNECTING)
    why = g_strdup_printf ("no answer for %g s", seconds);
  else if (!conn->heard_bytes)
    why = g_strdup_printf ("accepted the connection, but said nothing for %g s", seconds);
  else
    why = g_strdup_printf ("began to shake hands, but did not end it within %g s", seconds);
  ty_dial_retry (conn->dial, why);
}

/* ---- From the net ---- */

void
ty_hub_on_dialed (TyHub *hub, TyLink *link)
{
  TyConn *conn = hub->ops->get_user (link);
  g_assert (conn != NULL && conn->state == TY_CONN_CONNECTING && conn->dialed);
  hub->stats.dialed++;
  ty_handshake_begin (conn);
}

/* How many that have not shaken hands yet come from where `conn` does. */
static guint
count_from (const TyConn *conn)
{
  guint n = 0;
  for (guint i = 0; i < conn->hub->conns->len; i++)
    {
      const TyConn *other = g_ptr_array_index (conn->hub->conns, i);
      n += other->half_open && other->has_origin && memcmp (other->origin, conn->origin, TY_ORIGIN_BYTES) == 0;
    }
  return n;
}

/* The oldest connection that has been accepted and has not shaken hands goes: an honest one needs a moment only. `like`
 * is not NULL: the oldest from where that one comes. */
static void
make_room (TyHub *hub, const TyConn *like)
{
  for (guint i = 0; i < hub->conns->len; i++)
    {
      TyConn *conn = g_ptr_array_index (hub->conns, i);
      if (!conn->half_open || conn == like)
        continue;
      if (like != NULL && (!conn->has_origin || memcmp (conn->origin, like->origin, TY_ORIGIN_BYTES) != 0))
        continue;
      ty_conn_close (conn);
      hub->stats.crowded++;
      return;
    }
}

void
ty_hub_on_accepted (TyHub *hub, TyLink *link)
{
  hub->stats.accepted++;
  if (hub->n_half_open >= hub->config.max_half_open)
    make_room (hub, NULL);
  TyConn *conn = ty_conn_new (hub, link, NULL);
  conn->has_origin = hub->ops->origin != NULL && hub->ops->origin (link, conn->origin);
  if (conn->has_origin && count_from (conn) >= hub->config.max_half_open_from)
    make_room (hub, conn);
  conn->half_open = TRUE;
  hub->n_half_open++;
  ty_handshake_begin (conn);
  ty_hub_leave (hub);
}
