/* transport/session.h: one session: reliable, in order, between two incarnations, over one connection after another
 * (N1).
 *
 * Frames are numbered when they are first chosen for writing.  They are kept, by reference, until the other end has
 * acknowledged them; a new connection begins with the first that the other end does not have.  The receiving half
 * counts frames, puts packets together again, and acknowledges what the step took.  A session knows nothing of
 * connections, time and peers: it gives out what to write and is given what was read.
 *
 *    frames sent:     acknowledged │ kept: written │ partly │ kept: numbered, not written again yet │ outbox
 *                               first_kept    write_next                                     send_next
 *
 *    frames received: acknowledged │ taken by the step │ received │
 *                             acked              taken        receive_next
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/uio.h>

#include "transport/outbox.h"

typedef struct _TySession TySession;

TySession *ty_session_new (const TyId *id, gsize max_packet_bytes);
void ty_session_free (TySession *session);
const TyId *ty_session_id (const TySession *session);

/* ---- Connections ---- */

/* The number of the frame that is expected next: what is told to the other end when a connection begins. */
guint64 ty_session_receive_next (const TySession *session);

/* A new connection begins; the other end expects the frame `next`. FALSE: that cannot be without loss, or is
 * nonsense. */
gboolean ty_session_connect (TySession *session, guint64 next);

/* ---- Sending ---- */

void ty_session_push (TySession *session, TyClass class, guint32 stream, GBytes *bytes);

/* Bytes that are queued, or kept until they are acknowledged. */
gsize ty_session_waiting_bytes (const TySession *session);

/* A list of pieces to write. The heads of the frames are in it; the bodies are the session's. */
#define TY_GATHER_FRAMES 256
#define TY_GATHER_PARTS (2 * TY_GATHER_FRAMES)
#define TY_GATHER_BYTES (256 * 1024)

typedef struct
{
  struct iovec parts[TY_GATHER_PARTS];
  guint n_parts;
  gsize n_bytes;
  guint8 heads[TY_GATHER_FRAMES][TY_RECORD_HEAD_BYTES];
  guint n_heads;
  gsize whole_bytes; /* 0: the last frame may be longer than what is left */
} TyGather;

/* Appends what is to be written next to the list: with `whole_bytes`, whole frames only and no more than that. Then,
 * and before anything else: how many bytes of that were written. */
void ty_session_gather (TySession *session, TyGather *gather);
void ty_session_wrote (TySession *session, gsize len_bytes);

/* TRUE if a frame has been written in part: nothing else may be written before its end. */
gboolean ty_session_mid_frame (const TySession *session);
gboolean ty_session_has_output (const TySession *session);

/* ---- Receiving ---- */

typedef enum
{
  TY_FRAME_BAD,      /* the session cannot go on; `why` */
  TY_FRAME_STORED,   /* a fragment, kept */
  TY_FRAME_IS_WHOLE, /* the body is a packet */
  TY_FRAME_COMPLETE, /* was the last fragment: `packet` (transfer full) */
} TyFrameOutcome;

/* `buffer`: what the memory of the body belongs to, if the body may stay there, and be moved to where its packet ends
 * as yet; NULL: it may not. `between_bytes`: what lies, and is of no use any more, between the end of a frame and the
 * head of the next if that is in another sealed record. */
TyFrameOutcome ty_session_on_frame (TySession *session, const TyRecordHead *head, const guint8 *body, GBytes *buffer,
                                    gsize between_bytes, GBytes **packet, const char **why);

/* FALSE: an acknowledgement of what was never sent. */
gboolean ty_session_on_ack (TySession *session, guint64 ack);

/* The step took everything received so far. */
void ty_session_taken (TySession *session);

/* The acknowledgement that any record carries now; whether the other end does not know it yet, and how many bytes it
 * stands for. */
guint64 ty_session_ack (const TySession *session);
gboolean ty_session_ack_due (const TySession *session);
gsize ty_session_ack_due_bytes (const TySession *session);
/* A record with that acknowledgement was written other than by ty_session_gather (). */
void ty_session_ack_written (TySession *session);

/* Frames and packets so far. */
guint64 ty_session_frames_in (const TySession *session);
guint64 ty_session_frames_out (const TySession *session);
