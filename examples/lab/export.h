/* examples/lab/export.h: a run for other people's tools: ShiViz, and Wireshark.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "film.h"

/* A log for ShiViz: its first two lines are the regular expression that reads it and an empty delimiter, then two lines
 * an event: when and what; the process and its vector clock. (transfer full) */
char *shiviz_of_film (const Film *film);
gboolean shiviz_write (const char *path, const Film *film, GError **error);

/* A capture of packets, as pcapng, of link type USER0; wireshark/tyet.lua takes them apart. Each is preceded by
 *
 *   offset  size   field
 *   0       1      1: the version of this head
 *   1       1      length of the sender's name, and the name
 *           1      length of the receiver's name, and the name
 */
typedef struct _Capture Capture;
Capture *capture_new (void);
void capture_free (Capture *capture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Capture, capture_free)
void capture_add (Capture *capture, gint64 us, const char *from, const char *to, gconstpointer data, gsize len);
gboolean capture_write (const char *path, const Capture *capture, GError **error);
