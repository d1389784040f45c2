/* transport/record.h: what two processes say to each other on a connection, byte by byte.
 *
 *    dialer                       acceptor
 *      hello  ─────────────────►              who I am, which session with you I have, if I dial to resume one
 *             ◄─────────────────   hello      who I am, which session with you I have
 *      ( If connections are sealed: noise.h. Both hellos are the prologue, the dialer's first.
 *      message 1  ─────────────►              48 bytes, no payload
 *             ◄─────────────   message 2      96 bytes, no payload
 *      message 3  ─────────────►              a length of 2 bytes and that many; its payload is the dialer's intro
 *      All below is in sealed records. )
 *      intro  ─────────────────►              this session (a fresh one, or to be resumed), from this frame on
 *             ◄─────────────────   intro      agreed, from this frame on
 *      records ◄──────────────► records
 *
 * A hello has a fixed size and is in the clear.  Everything after it is records: a head of fixed size and a body.
 * Integers are little-endian.  A sealed record is a length of 2 bytes and that many bytes, which open to one or more
 * whole records; the acceptor's intro has the first one for itself.
 *
 *   hello, 48 bytes
 *   offset  size  field
 *   0       8     magic: "tyet", CR, LF, CR, LF (it makes servers of line-based protocols answer at once)
 *   8       2     version of the protocol: 1
 *   10      1     what: 0 hello; 1 refused: I do not speak your version; 2 refused: not with this sealing;
 *                 3 refused: you did not prove that you know the network secret (in the place of the acceptor's
 *                 intro)
 *   11      1     sealing: 0 none, 1 Noise XXpsk3 (25519, ChaChaPoly, SHA256)
 *   12      4     zero
 *   16      16    incarnation of the sender
 *   32      16    id of the session with the other that the sender has, or zero
 *
 *   The first 12 bytes are the same in every version of the protocol.
 *
 *   record, 24 bytes and the body
 *   offset  size  field
 *   0       4     length of the body, at most 65472: a whole record fits into a sealed one
 *   4       1     kind: 0 acknowledgement (no body), 1 frame, 2 intro, 3 end, 4 switch (no body)
 *   5       1     of a frame: class (bits 0-1: control, data, bulk), first of its packet (bit 4), last of it (bit 5);
 *                 else zero
 *   6       2     zero
 *   8       4     of a frame: stream; else zero
 *   12      4     of a frame: its number in the session, low half; else zero. Numbers are consecutive, from 1
 *   16      8     acknowledgement: number of the first frame that the sender's step has not taken; zero in an intro
 *
 *   intro, the body
 *   offset  size    field
 *   0       1       0 a fresh session, 1 resume
 *   1       16      id of the session, drawn by the dialer when fresh; the acceptor repeats it
 *   17      8       number of the frame that the sender expects next: 1 in a fresh session
 *   25      varint  length of the name, and the name of the sender (UTF-8)
 *           varint  length of the address, and the address where the sender listens; empty: nowhere
 *           varint  length of the offer, and the offer: shared memory; an acceptor's, or empty
 *
 *   offer
 *   offset  size    field
 *   0       1       1
 *   1       32      token, drawn for this connection
 *   33      ...     the rest: where the acceptor can be asked, 1 to 63 printable characters
 *
 *   A switch says: what I send from here on comes through the shared memory, in the clear.  It is the last record of
 *   its direction on the connection.
 *
 *   end, the body
 *   offset  size    field
 *   0       1       why: TyEndWhy
 *   1       varint  length of the text, and the text: why, for people (UTF-8, at most 255 bytes)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/event.h"
#include "core/wire.h"

/* Tests build another. */
#ifndef TY_WIRE_VERSION
#define TY_WIRE_VERSION 1
#endif

#define TY_HELLO_BYTES 48
#define TY_HELLO_PREFIX_BYTES 12

#define TY_RECORD_HEAD_BYTES 24
#define TY_RECORD_MAX_BODY 65472
#define TY_INTRO_MAX_BODY 2048
#define TY_INTRO_MAX_OFFER 1024
#define TY_SHM_TOKEN_BYTES 32

typedef enum
{
  TY_HELLO,
  TY_HELLO_REFUSED_VERSION,
  TY_HELLO_REFUSED_SEALING,
  TY_HELLO_REFUSED_SECRET,
} TyHelloWhat;

typedef enum
{
  TY_SEALING_NONE,
  TY_SEALING_NOISE
} TySealing;

typedef struct
{
  guint16 version;
  guint8 what;    /* TyHelloWhat */
  guint8 sealing; /* TySealing */
  TyId pid;
  TyId session;
} TyHello;

typedef enum
{
  TY_HELLO_MORE,    /* more bytes are needed */
  TY_HELLO_GOOD,    /* `out` is filled in; `version` may be another one: then nothing but version and what is */
  TY_HELLO_ALIEN,   /* not this protocol */
} TyHelloOutcome;

void ty_hello_write (const TyHello *hello, guint8 out[TY_HELLO_BYTES]);
TyHelloOutcome ty_hello_read (const guint8 *data, gsize len_bytes, TyHello *out);

typedef enum
{
  TY_RECORD_ACK,
  TY_RECORD_FRAME,
  TY_RECORD_INTRO,
  TY_RECORD_END,
  TY_RECORD_SWITCH,
} TyRecordKind;

#define TY_FRAME_FIRST 0x10
#define TY_FRAME_LAST 0x20
#define TY_FRAME_WHOLE (TY_FRAME_FIRST | TY_FRAME_LAST)

typedef struct
{
  guint32 body_bytes;
  guint8 kind; /* TyRecordKind */
  guint8 class; /* TyClass */
  guint8 part; /* TY_FRAME_FIRST, TY_FRAME_LAST */
  guint32 stream;
  guint32 number; /* low half */
  guint64 ack;
} TyRecordHead;

void ty_record_head_write (const TyRecordHead *head, guint8 out[TY_RECORD_HEAD_BYTES]);
/* FALSE: malformed, and `why` says how. */
gboolean ty_record_head_read (const guint8 data[TY_RECORD_HEAD_BYTES], TyRecordHead *out, const char **why);

typedef struct
{
  gboolean resume;
  TyId session;
  guint64 next;
  char *name;
  char *address;
  char *shm_place; /* NULL: no offer, or none that is understood */
  guint8 shm_token[TY_SHM_TOKEN_BYTES];
} TyIntro;

/* The whole record is appended to `w`. */
void ty_intro_write (const TyIntro *intro, TyWriter *w);
/* Reads the body; the strings are (transfer full). */
gboolean ty_intro_read (const guint8 *body, gsize len_bytes, TyIntro *out);
void ty_intro_clear (TyIntro *intro);

typedef enum
{
  TY_END_CLOSED,    /* the session is wanted no longer */
  TY_END_MALFORMED, /* you sent something that is not in the wire format: the session is over */
  TY_END_UNKNOWN,   /* I do not have the session that you want to resume: say hello again */
  TY_END_DOUBLE,    /* this connection is one too many: there is another one */
  TY_END_ADDRESS,   /* nobody but your own machine could dial you at the address that you gave */
  TY_END_PROBE,     /* instead of an intro: I want no session, only to know that it is you; and the answer to it */
  TY_END_KEY        /* another key proved itself as this process before */
} TyEndWhy;

typedef struct
{
  guint8 why; /* TyEndWhy, or something newer */
  char *text;
} TyEnd;

void ty_end_write (TyEndWhy why, const char *text, guint64 ack, TyWriter *w);
gboolean ty_end_read (const guint8 *body, gsize len_bytes, TyEnd *out);
