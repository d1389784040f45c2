/* core/driver-port.h: the port behind which the driver lives (transport/driver.c): the only thing with a real clock,
 * entropy and sockets.
 *
 * A driver runs one TyNode in one GMainContext: it collects events, steps, carries out the effects for the channels
 * itself and hands those for the application to `app`, in order, outside of the step.  It holds nothing of the
 * application.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/node.h"

typedef struct _TyDriver TyDriver;

/* The effects for the application. May request, drop groups, and even free the driver (which then ends quietly). */
typedef void (*TyDriverApp) (const TyEffect *effect, gpointer user_data);

/* What its channels are sealed with. All is copied, keys into locked memory. */
typedef struct
{
  const guint8 *secret;     /* the network secret, 32 bytes */
  const guint8 *identity;   /* the process's own secret key, 32 bytes; NULL: one is drawn */
  const guint8 *pin;        /* the public key, 32 bytes, that whoever answers at one of `pinned` must have; or NULL */
  const char *const *pinned; /* addresses, ends with NULL; or NULL */
} TyDriverKeys;

struct _TyDriverOps
{
  /* 128 random bits. */
  void (*draw) (gpointer out, gsize len_bytes);
  /* Microseconds on the clock that node times are on (CLOCK_BOOTTIME: it counts suspended time). */
  gint64 (*now) (void);
  /* A driver in the thread-default main context. Opens no socket yet. `node` is created by the caller and outlives the
   * driver. `keys` NULL: clear text, which it lets go to this machine alone. */
  TyDriver *(*create) (TyNode *node, const TyDriverKeys *keys, TyDriverApp app, gpointer user_data);
  /* Listens at `address` ("tcp://HOST:PORT", "tcp://[V6]:PORT", "unix:///path", "unix:@abstract"), and returns the
   * address with the real port. NULL and `error`: TYET_ERROR_ADDRESS (does not parse, is no address of this machine),
   * TYET_ERROR_ADDRESS_IN_USE, TYET_ERROR_PLAIN. (transfer full) */
  char *(*listen) (TyDriver *driver, const char *address, GError **error);
  /* The application has requested something: step soon (in this turn of the main loop if possible, never
   * re-entering). */
  void (*kick) (TyDriver *driver);
  /* How packets reach a process: "tcp", "unix" or "shm"; NULL if there is no connection. */
  const char *(*channel) (TyDriver *driver, const TyId *pid);
  /* Closes every connection (what is queued is offered to the sockets once, not waited for) and frees. */
  void (*free) (TyDriver *driver);
};
