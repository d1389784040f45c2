/* tests/ordering/probe.h: one ordering of one member, driven by hand; what it does is read as a line of text.
 *
 *   1:3      message 3 of member 1 is delivered       <0105>  a packet is multicast
 *   1:3-5    messages 3 to 5, in one go
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/modules.h"

typedef struct
{
  TyOrdering *o;
  guint n;
  guint self;
  guint64 received[16];
  GString *log;
} Probe;

Probe *probe_new (const char *ordering, guint n, guint self);
void probe_free (Probe *p);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Probe, probe_free)

/* The next batch of `sender`: a letter a message (f, c, a, s), and its stamp in hexadecimal. */
gboolean probe_take (Probe *p, guint sender, const char *services, const char *stamp);
/* An own batch: its stamp goes to the log. */
void probe_send (Probe *p, const char *services);
gboolean probe_packet (Probe *p, guint from, const char *hex);
gboolean probe_gossip (Probe *p, guint from, const char *hex);
void probe_pump (Probe *p);
void probe_mode (Probe *p, gboolean deliver, gboolean promise);
/* `order` in hexadecimal; the cut, a number a member. */
void probe_close (Probe *p, const char *order, ...);

/* In hexadecimal. (transfer full) */
char *probe_digest (Probe *p);
char *probe_gossips (Probe *p, guint to);
/* The closing order from digests, "" for a member that is not among them; "! 2" if that of member 2 is refused. */
char *probe_merge (Probe *p, const char *const *digests);

GBytes *probe_bytes (const char *hex);

/* What has happened since the last time. */
#define assert_log(p, expected)                                                                                        \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_assert_cmpstr ((p)->log->str, ==, expected);                                                                     \
    g_string_truncate ((p)->log, 0);                                                                                   \
  }                                                                                                                    \
  G_STMT_END

#define assert_digest(p, expected)                                                                                     \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *digest_ = probe_digest (p);                                                                       \
    g_assert_cmpstr (digest_, ==, expected);                                                                           \
  }                                                                                                                    \
  G_STMT_END

#define assert_wait(p, sender, expected_reason, expected_member, expected_number)                                      \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    TyWait wait_;                                                                                                      \
    (p)->o->ops->explain ((p)->o, sender, &wait_);                                                                     \
    g_assert_cmpint (wait_.reason, ==, expected_reason);                                                               \
    g_assert_cmpuint (wait_.member, ==, expected_member);                                                              \
    g_assert_cmpuint (wait_.number, ==, expected_number);                                                              \
  }                                                                                                                    \
  G_STMT_END
