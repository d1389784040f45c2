/* examples/lab/film.h: what a run was, as data: for whoever draws, tells or measures it.
 *
 * A film is made of a play (film-play.h), with all that the simulator sees, or of recorded histories
 * (film_of_histories ()), within what these know: who delivered what, not when it arrived nor why it waited.  Either
 * way what processes sent, delivered and were told comes from their histories; everything else is added to that.
 *
 *     asked ─► sent ─────► received ═══held back═══► delivered          (a message, at one process)
 *
 * Everything is an index into one of the film's arrays; -1 stands for none.  Times are microseconds since the beginning
 * of the scene; NEVER stands for what did not happen.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/history-reader.h"
#include "core/judge.h"

#define FILM_NEVER G_MININT64
/* What is more is not drawn. */
#define FILM_MAX_DELIVERIES 400000
#define FILM_MAX_PROCESSES 500

/* How a process was at the end. */
typedef enum
{
  FILM_END_NONE, /* it went on */
  FILM_END_CRASHED,
  FILM_END_LEFT,
  FILM_END_EXCLUDED
} FilmEnd;

typedef struct
{
  char *name; /* "b.1" */
  char *site; /* "b": where it lives */
  guint lane; /* one line for those who live at one place after another */
  gint64 born_us;
  gint64 end_us; /* of its life in the group; NEVER */
  FilmEnd end;
  guint64 groups;    /* that it is in, a bit for each: the end is when it is in none any more */
  GArray *delivered; /* int: messages, in its order */
  GArray *views;     /* int: in its order */
} FilmProcess;

typedef struct
{
  char *name;
  char *ordering; /* NULL if that is not known */
} FilmGroup;

typedef struct
{
  char *label; /* as in the history: "2.6f1d09ab" */
  char *text;  /* "2": short, and told from others by a letter where it must be */
  int group;
  gboolean transitional, primary;
  guint n_members;
  int *members;             /* by rank */
  gint64 *installed;        /* by rank: when that member was told; NEVER */
  gint64 first_us, last_us; /* of these */
} FilmView;

/* One message at one process. */
typedef struct
{
  gint64 left_us; /* the packet that brought it left `via` then */
  gint64 received_us;
  gint64 delivered_us;
  gint64 dropped_us; /* its view ended without it; at once, if it came when that was over */
  int via;           /* who it came from: the sender, or who forwarded it */
  int place;         /* in what the process delivered, from 0 */
  int first_wait;    /* the first of its waits, the others follow by `next` */
} FilmArrival;

typedef struct
{
  char *name; /* "m1", as the scene calls it; else SENDER:NUMBER */
  char *id;   /* as in the history */
  int sender, group, view;
  TyService service;
  gint64 len;      /* of the payload; -1 */
  gint64 asked_us; /* the application sent it; what was queued during a flush is numbered later */
  gint64 sent_us;
  guint n_at;
  FilmArrival *at; /* by process; film_at () */
} FilmMessage;

typedef enum
{
  FILM_WAIT_PREDECESSOR, /* for `message` of `member`, which causally precedes it */
  FILM_WAIT_TURN,        /* for `message` of `member`, whose turn comes first in the total order */
  FILM_WAIT_FIFO,        /* behind `message`, of the same sender */
  FILM_WAIT_FLOOR,       /* for the total order up to `ordinal` (`message`, if known), which its sender had delivered */
  FILM_WAIT_ORDER,       /* for its order from `member` */
  FILM_WAIT_STABLE,      /* `member` has not acknowledged */
  FILM_WAIT_FLUSH,       /* deliveries stand still: the view ends */
  FILM_WAIT_BLOCKED,     /* the same: no quorum, or no lease */
  FILM_WAIT_VIEW,        /* it belongs to a view that this process is not told of yet */
  FILM_WAIT_LOADING,     /* the state comes first */
  FILM_WAIT_UNKNOWN
} FilmWaitReason;

typedef struct
{
  int of, at; /* message, process */
  gint64 from_us, to_us;
  FilmWaitReason reason;
  int message, member;
  guint64 ordinal;
  int next;
} FilmWait;

typedef enum
{
  FILM_STEP, /* the hand of the scene: `text` */
  FILM_START,
  FILM_CRASH,
  FILM_STOP,
  FILM_CONTINUE,
  FILM_ASK, /* a send that is queued */
  FILM_SEND,
  FILM_RECEIVE,
  FILM_DELIVER,
  FILM_FLUSH, /* has said what it has, and stands still: the view ends */
  FILM_VIEW,
  FILM_BLOCK,
  FILM_UNBLOCK,
  FILM_OUT, /* it left */
  FILM_EXCLUDED,
  FILM_REFUSED, /* its join, or its send: `text` says why */
  FILM_SAVE,
  FILM_LOAD,
  FILM_N_EVENTS
} FilmEventType;

typedef struct
{
  gint64 us;
  FilmEventType type;
  int process, message, view;
  int other;  /* RECEIVE: who it came from */
  int group;  /* FLUSH, BLOCK, UNBLOCK, OUT, EXCLUDED, REFUSED: which it is about */
  char *text; /* STEP, BLOCK, EXCLUDED, REFUSED */
  char *name; /* REFUSED: of the message; NULL: its join was */
} FilmEvent;

typedef enum
{
  FILM_SPAN_FLUSH,
  FILM_SPAN_BLOCKED,
  FILM_SPAN_STOPPED,
  FILM_SPAN_LOADING
} FilmSpanType;

typedef struct
{
  FilmSpanType type;
  int process, group;    /* STOPPED: of none */
  gint64 from_us, to_us; /* NEVER: to the end */
} FilmSpan;

/* What the network did not let pass: from one site to another. */
typedef struct
{
  char *from, *to;       /* sites */
  gint64 from_us, to_us; /* NEVER: to the end */
} FilmCut;

/* What ORDERING packets of total order are: told apart for people. */
#define FILM_PACKET_ORDER 48
#define FILM_PACKET_PROMISE 49 /* an acknowledgement of ordinals (M6) */

/* A packet, of a play only; keepalives are counted but not kept. */
typedef struct
{
  guint8 type; /* TyPacketType, or one of the above */
  gint16 from, to;
  guint32 len;
  gint64 sent_us, arrived_us; /* NEVER: it did not */
} FilmPacket;

typedef enum
{
  FILM_FINDING_JUDGE,
  FILM_FINDING_EXPECTED, /* an expectation of the scene, or one of its steps, that does not hold */
  FILM_FINDING_DIFFERS   /* the same, under another ordering than the scene is written for: that is the lesson */
} FilmFindingKind;

typedef struct
{
  FilmFindingKind kind;
  char *rule; /* "P18 causal" */
  char *text;
  GArray *processes, *messages, *views; /* int */
} FilmFinding;

typedef struct
{
  char *title;
  char *note;        /* how far it can be trusted, a sentence; or NULL */
  char *verdict;     /* of the judge, a line */
  const char *model; /* that it judged by, for those who may have meant another: "primary", "extended"; or NULL */
  gboolean legal;
  gboolean is_play;  /* receipts, waits, packets and faults are known */
  gint64 end_us;     /* of what is worth being drawn */
  GArray *groups;    /* FilmGroup */
  GArray *processes; /* FilmProcess */
  guint n_lanes;
  GArray *views;                           /* FilmView */
  GArray *messages;                        /* FilmMessage, in the order of sending */
  GArray *waits;                           /* FilmWait */
  GArray *events;                          /* FilmEvent, in the order of time */
  GArray *spans;                           /* FilmSpan */
  GArray *cuts;                            /* FilmCut */
  GArray *packets;                         /* FilmPacket, in the order of sending */
  GArray *findings;                        /* FilmFinding */
  guint64 n_packets[64], packet_bytes[64]; /* of all packets that left, by type */

  GHashTable *by_id;    /* message id -> index + 1 */
  GHashTable *by_name;  /* process name -> index + 1 */
  GHashTable *by_label; /* GROUP/LABEL -> index + 1 */
} Film;

void film_free (Film *film);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Film, film_free)

#define film_process(film, i) (&g_array_index ((film)->processes, FilmProcess, (i)))
#define film_view(film, i) (&g_array_index ((film)->views, FilmView, (i)))
#define film_message(film, i) (&g_array_index ((film)->messages, FilmMessage, (i)))
#define film_wait(film, i) (&g_array_index ((film)->waits, FilmWait, (i)))
#define film_event(film, i) (&g_array_index ((film)->events, FilmEvent, (i)))

/* The message at that process. NULL: it has nothing to do with it. Valid until another is asked for writing. */
const FilmArrival *film_at (const Film *film, int message, int process);
/* -1: there is none. */
int film_find_process (const Film *film, const char *name);
int film_find_message (const Film *film, const char *id_or_name);
const char *film_service_name (TyService service);
const char *film_packet_name (guint type);
/* "waits for m3 of p, which causally precedes it": after "m5 ... at r". (transfer full) */
char *film_wait_text (const Film *film, const FilmWait *wait);
/* "predecessor", "order", ...: for machines. */
const char *film_wait_word (FilmWaitReason reason);
/* The text without control characters, which a terminal would obey and XML does not allow. (transfer full) */
char *film_clean (const char *text);
/* Views between regular ones, as the extended model has them, where several parts of a group go on. */
gboolean film_has_transitional (const Film *film);
/* FALSE: there is so much of it that nobody could look at the picture. */
gboolean film_is_drawable (const Film *film, GError **error);
/* How long, for people: "340 µs", "1.25 ms", "2 s". (transfer full) */
char *film_time_text (gint64 us);

/* What histories know of a run, by their names and what is in each; NULL and `error` if one is unreadable, or holds
 * too much to be drawn. */
Film *film_of_histories (char **names, GBytes *const *contents, GError **error);
/* What the judge says of this film, with messages and views called as they are in it. (transfer full) */
char *film_plain_text (const Film *film, const TyJudgeReport *report, const char *text);
/* Findings of the judge, as links into the film. */
void film_add_report (Film *film, const TyJudgeReport *report);

/* ---- For those who make films ---- */

Film *film_new (const char *title);
int film_add_process (Film *film, const char *name, gint64 us); /* or the one of that name */
int film_add_group (Film *film, const char *name);              /* the same */
/* What it returns is valid until the next. */
FilmEvent *film_add_event (Film *film, gint64 us, FilmEventType type, int process, int message, int view,
                           const char *text);
FilmArrival *film_at_rw (Film *film, int message, int process);
/* One record of a process. `name` and `asked_us` are of a `send`: what the scene calls the message (NULL), and when it
 * was asked for (NEVER: now). */
void film_take_record (Film *film, const TyRecord *record, gint64 us, const char *name, gint64 asked_us);
void film_open_span (Film *film, FilmSpanType type, int process, int group, gint64 us);
/* `group` -1: of all groups. */
void film_close_span (Film *film, FilmSpanType type, int process, int group, gint64 us);
/* The reason why a message waits at a process from now on; a wait of the same reason goes on. */
void film_note_wait (Film *film, const FilmWait *wait);
void film_end_wait (Film *film, int message, int process, gint64 us);
/* The last step: everything that follows from the rest. */
void film_finish (Film *film);
