/* tests/keys/storm.h: secrets change and keys are revoked, over real hubs, in a storm of crashes, cuts, breaks, joins
 * and leaves, with messages under way all the time; then calm, and demands.  One seed is one run, and picks everything.
 *
 *   what must hold                                                                            rule
 *   who leaves a view has the same secrets as all who leave it                                same-secrets
 *   who enters has the secrets that the members have                                          old-secret
 *   a session begins only with who has, or had, the network secret of the one that takes it   old-network
 *   who is not on a member's list does not enter                                              not-on-list
 *   who was taken off the list is out, and has no session with who took it off                revoked
 *   in the calm all who have the secrets come to one view, and take in one more who has them  liveness
 *   no message is lost, twice, out of place (the judge)                                       P..
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "examples/lab/stage.h"

#define KEYS_SITES 6
#define KEYS_NO_SECRET G_MAXUINT

typedef struct
{
  const char *rule;
  char *text;
} KeysFinding;

/* What has happened, in all runs: for who wants to know whether the storm does anything. */
typedef struct
{
  guint64 runs, rekeys, network_rekeys, revoked, readmitted, entered, turned_away, kills, behind, unquorate;
} KeysCounts;

/* NULL if the run of `seed` is as it should be. (transfer full) */
KeysFinding *keys_storm_run (guint64 seed, gboolean trace, KeysCounts *counts);
void keys_finding_free (KeysFinding *finding);

/* ---- between storm.c and oracle.c ---- */

/* Secrets are named by the order of their appearance. */
typedef struct
{
  guint8 bytes[32];
} KeysSecret;

/* A process, and what it has. */
typedef struct
{
  TySimProcess *p;
  Part *part;       /* NULL before it has asked for the group */
  guint site;       /* whose key it has */
  guint net, group; /* secrets that hold for it; KEYS_NO_SECRET */
  guint came_by;    /* the pair of them that it was started with: keys_pair () */
  GArray *held;     /* guint: network secrets that it has, or has had */
  guint list;       /* the sites on its list, a bit each */
  guint list_views; /* how many views it had been told of when that was set */
  GArray *up;       /* of KeysSession */
  GArray *out;      /* of TyId: who was left out as revoked, in this step */
} KeysHolder;

typedef struct
{
  guint peer;
  TyId pid;
} KeysSession;

typedef struct
{
  Stage *stage;
  TySimRand rand;
  KeysCounts *counts;
  KeysFinding *finding; /* the first */
  GPtrArray *holders;   /* of KeysHolder, as they were started */
  GArray *secrets;      /* of KeysSecret */
  GHashTable *closed;   /* label of a view -> what those had who left it (keys_pair (), plus 1); looked up only */
  GHashTable *rekeyed;  /* label of a view -> what it brought; the same */
  gboolean with_secret, with_list;
  guint policy;    /* the sites that are to be admitted */
  guint net, group; /* the newest secrets */
  guint64 newest;   /* the view that brought them */
  guint n_started;
} Keys;

void keys_oracle_init (Keys *keys);
void keys_oracle_clear (Keys *keys);
void keys_found (Keys *keys, const char *rule, const char *format, ...) G_GNUC_PRINTF (3, 4);
guint keys_secret (Keys *keys, const guint8 bytes[32]); /* its name */
KeysHolder *keys_holder (Keys *keys, TySimProcess *p, guint site, guint net, guint group);
KeysHolder *keys_holder_of (Keys *keys, const TySimProcess *p);
KeysHolder *keys_holder_by_pid (Keys *keys, const TyId *pid);
guint keys_pair (const KeysHolder *h); /* what it has, as one number */
gboolean keys_has_session (const KeysHolder *h, const TyId *pid);
