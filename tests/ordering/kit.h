/* tests/ordering/kit.h: the conformance kit of the orderings: one group, simulated, judged by what each module says
 * that it provides.
 *
 * A seed picks everything: how many members, how slow each channel, how much of what is sent, who crashes, who is cut
 * off, what each has received when the view ends.  There is no agreement here: the kit plays the rest of the house,
 * correctly, and a run goes through several views.  The judge (judge.c) keeps its own account of what precedes what and
 * never looks at a stamp or a packet.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/ordering-port.h"

#define MAX_MEMBERS 7

typedef struct
{
  guint64 state;
} Rng;

guint64 rng_next (Rng *r);
guint rng_below (Rng *r, guint n);
gboolean rng_chance (Rng *r, guint percent);

/* A message, and what the rules say precedes it (M2). */
typedef struct
{
  TyService service;
  guint64 past[MAX_MEMBERS];  /* by rank: so many of its messages precede */
  guint64 floor;              /* sequenced messages that its sender had delivered; fifo: 0 */
  guint64 plain[MAX_MEMBERS]; /* by rank: the last fifo or causal message that its sender had delivered */
} Message;

typedef struct _World World;

/* Whom an ordering speaks to: it stays the same while its ranks change with the views. */
typedef struct
{
  World *world;
  guint rank;
} Seat;

typedef struct
{
  Seat *seat;
  TyOrdering *o;
  guint rank;
  gboolean running; /* neither crashed nor through with the view */
  gboolean goes_on; /* ends the view with the others that do */
  gboolean frozen;  /* has sent STATE */
  gboolean closing;
  gboolean deliver;
  guint wants;                         /* sends asked for from within deliveries */
  guint64 n_batches[MAX_MEMBERS];      /* by sender: batches received */
  guint64 received[MAX_MEMBERS];       /* by sender: number of the last message received */
  guint64 delivered[MAX_MEMBERS];      /* by sender */
  guint64 past[MAX_MEMBERS];           /* what precedes the next message of another service than fifo */
  guint64 own_past[MAX_MEMBERS];       /* ... of the service fifo */
  guint64 plain[MAX_MEMBERS];          /* by sender: the last fifo or causal message delivered */
  guint64 before_closing[MAX_MEMBERS]; /* by sender: messages delivered before */
  GArray *closed;                      /* ids of the messages delivered in the closing */
  GArray *sequenced;                   /* ids of the agreed and safe messages delivered */
  guint64 sequenced_past[MAX_MEMBERS]; /* those and all that precedes them */
  guint n_sequenced_before_closing;
  guint safe_upto; /* as many of those as came up to the last safe one delivered before the closing */
  guint64 state_received[MAX_MEMBERS]; /* what STATE says */
  GByteArray *digest;
} Member;

/* From one member to another. Batches are counted, packets are queued; each is FIFO, and nothing orders one among the
 * other. */
typedef struct
{
  guint64 batches_to_come; /* that many batches arrive in all, when the channel is cut; else G_MAXUINT64 */
  GQueue packets;          /* GBytes */
  GBytes *gossip;          /* the newest not delivered */
  gboolean cut;            /* nothing more enters */
  guint weight;            /* how often it is its turn */
} Channel;

typedef enum
{
  PLAY_CLEAN,   /* as it should be; everything is judged */
  PLAY_GARBAGE, /* with garbage in between: all of it refused until one piece is accepted, then the run stops */
  PLAY_CHAOS    /* garbage accepted or not, to the end: only crashes count */
} Play;

struct _World
{
  const TyOrderingOps *ops;
  guint64 seed;
  Rng rng;
  Play play;
  Rng garbage;
  char *error;      /* the first finding */
  gboolean stopped; /* garbage was accepted */

  guint view;
  guint n;
  Member members[MAX_MEMBERS];
  Channel channels[MAX_MEMBERS][MAX_MEMBERS]; /* [from][to] */
  GPtrArray *batches[MAX_MEMBERS];            /* by sender: TyBatch */
  GArray *messages[MAX_MEMBERS];              /* by sender: Message */
  GPtrArray *seen_packets;                    /* GBytes, to make garbage from */
  guint n_messages;

  /* Habits of this run. */
  guint max_messages;
  guint max_batch;
  guint services[4]; /* weights */
  guint reply_percent;
  guint lazy_percent;
  guint mode_percent;
  guint gossip_percent;

  guint64 hash;   /* of all that the module did */
  GArray *hashes; /* after each step */
  guint64 n_delivered;
};

/* Plays a seed to the end. Free with world_free (). */
World *world_play (const TyOrderingOps *ops, guint64 seed, Play play);
void world_free (World *w);

/* The first finding of a seed in all plays, and the same seed twice: NULL, or (transfer full). */
char *kit_check_seed (const TyOrderingOps *ops, guint64 seed);

void world_fail (World *w, const char *format, ...) G_GNUC_PRINTF (2, 3);
void world_hash (World *w, gconstpointer data, gsize len);
void world_hash_number (World *w, guint64 v);
/* The host of each Seat. */
extern const TyOrderingHost world_host;

void world_pump (World *w, Member *m);
gboolean world_receive_batch (World *w, Member *m, guint sender);
gboolean world_step (World *w);
gboolean world_idle (World *w);

/* ending.c */
void world_end_view (World *w);

/* garbage.c */
void garbage_throw (World *w);
/* A batch that is `real` but for its stamp; what the module is to take instead of it. (transfer full) */
TyBatch *garbage_stamp (World *w, TyBatch *real);

/* judge.c */
void judge_sent (World *w, Member *m, TyBatch *batch);
void judge_delivered (World *w, Member *m, guint sender, TyBatch *batch, gsize offset, guint64 number, guint64 last);
void judge_progress (World *w, Member *m);
void judge_closed (World *w, const guint64 *cut);
void judge_drained (World *w);

#define MESSAGE_ID(sender, number) ((guint64) (sender) << 56 | (number))

/* yardstick.c: whether the closing delivered exactly what the rule says, in its order. `order` is the closing order. */
void yardstick_closed (World *w, const guint64 *cut, const guint8 *order, gsize order_len);
