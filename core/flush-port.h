/* core/flush-port.h: the port behind which the store of unstable messages lives (flush/).
 *
 * The store of a group notes what has been received of each sender, in number order and without gaps, keeps every batch
 * until it is stable (all members of the view have received it), and hands out what others lack at the end of a view.
 * It knows members by rank and has no clock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/batch.h"
#include "core/modules.h"

typedef struct _TyStore TyStore;

typedef enum
{
  TY_RECEIPT_NEXT,      /* taken: the next of its sender */
  TY_RECEIPT_DUPLICATE, /* known already */
  TY_RECEIPT_GAP        /* something before it is missing: not taken; only a round can mend that (V9) */
} TyReceipt;

/* Called for each batch that someone lacks. */
typedef void (*TyStoreGive) (gpointer user_data, guint sender, TyBatch *batch);

struct _TyFlushOps
{
  /* The store of one view. */
  TyStore *(*create) (guint members, guint self);
  void (*free) (TyStore *store);

  /* A batch of `sender`, received from it, forwarded, or made here. Keeps a reference if taken. */
  TyReceipt (*add) (TyStore *store, guint sender, TyBatch *batch);
  /* The number of the last message of the gap-free prefix received of `sender`. */
  guint64 (*received) (const TyStore *store, guint sender);

  /* This process needs memory for the messages of `sender` up to `number` no longer, but for the store's own (they are
   * delivered, or lie in a bounded spill). */
  void (*consumed) (TyStore *store, guint sender, guint64 number);

  /* Bytes of own messages that have become stable since the view began. */
  guint64 (*stable_bytes) (const TyStore *store);
  /* The acknowledgement for `to`: what is received of it, and what of this process's own is stable. FALSE if it has
   * been told just that before. */
  gboolean (*write_receipts) (TyStore *store, guint to, TyWriter *w);
  /* That of `from`, all that is left of `r`. FALSE if malformed, nothing is changed then. Frees what has become
   * stable. */
  gboolean (*on_receipts) (TyStore *store, guint from, TyReader *r);

  /* Of own messages: the last that is stable, and the bytes of those not yet received and consumed by all. */
  guint64 (*stable) (const TyStore *store);
  gsize (*window_used) (const TyStore *store);
  /* The member that needs memory for the oldest own message longest: who holds the window. */
  guint (*laggard) (const TyStore *store);
  /* Bytes of all batches kept. */
  gsize (*kept_bytes) (const TyStore *store);

  /* ---- The end of the view (V3-V5) ---- */

  /* Receipts of all senders, for STATE and NEED, and their decoding into `received[members]`: FALSE if malformed. */
  void (*digest) (const TyStore *store, TyWriter *w);
  gboolean (*read_digest) (const TyStore *store, TyReader *r, guint64 *received);
  /* Everything up to the cut has been received. */
  gboolean (*holds) (const TyStore *store, const guint64 *cut);
  /* Gives every batch of `sender` that is kept and contains a number in (after, upto]. */
  void (*give) (const TyStore *store, guint sender, guint64 after, guint64 upto, TyStoreGive give, gpointer user_data);
};
