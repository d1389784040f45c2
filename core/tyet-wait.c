/* core/tyet-wait.c: what a process waits for, as the application sees it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/api.h"

struct _TyetWait
{
  gatomicrefcount ref;
  const char *what; /* static */
  char *text;
  char *member;
  gint64 waited_us;
};

G_DEFINE_BOXED_TYPE (TyetWait, tyet_wait, tyet_wait_ref, tyet_wait_unref)

TyetWait *
ty_tyet_wait_new (const TyGroupWait *from, gint64 now_us)
{
  TyetWait *wait = g_new0 (TyetWait, 1);
  g_atomic_ref_count_init (&wait->ref);
  wait->what = from->what;
  wait->text = g_strdup (from->text != NULL ? from->text : from->what);
  wait->member = g_strdup (from->member);
  wait->waited_us = MAX (now_us - from->since_us, 0);
  return wait;
}

/**
 * tyet_wait_ref:
 * @wait: a wait
 *
 * Takes a reference. Any thread may.
 *
 * Returns: (transfer full): @wait
 */
TyetWait *
tyet_wait_ref (TyetWait *wait)
{
  g_return_val_if_fail (wait != NULL, NULL);
  g_atomic_ref_count_inc (&wait->ref);
  return wait;
}

/**
 * tyet_wait_unref:
 * @wait: (transfer full): a wait
 *
 * Releases a reference; the last one frees @wait. Any thread may.
 */
void
tyet_wait_unref (TyetWait *wait)
{
  g_return_if_fail (wait != NULL);
  if (!g_atomic_ref_count_dec (&wait->ref))
    return;
  g_free (wait->text);
  g_free (wait->member);
  g_free (wait);
}

/**
 * tyet_wait_get_what:
 * @wait: a wait
 *
 * What is waited for, in one word for programs: `contact`, `founder`, `state`, `flush`, `quorum`, `lease`, `order`,
 * `predecessor`, `stable`, `transfer` or `window`. Later versions may add to them.
 *
 * Returns: (transfer none): the word
 */
const char *
tyet_wait_get_what (TyetWait *wait)
{
  g_return_val_if_fail (wait != NULL, NULL);
  return wait->what;
}

/**
 * tyet_wait_get_text:
 * @wait: a wait
 *
 * What is waited for, as a sentence for people.
 *
 * Returns: (transfer none): the sentence
 */
const char *
tyet_wait_get_text (TyetWait *wait)
{
  g_return_val_if_fail (wait != NULL, NULL);
  return wait->text;
}

/**
 * tyet_wait_get_member:
 * @wait: a wait
 *
 * Whom the group waits for.
 *
 * Returns: (transfer none) (nullable): a member's name, or %NULL if it is nobody in particular
 */
const char *
tyet_wait_get_member (TyetWait *wait)
{
  g_return_val_if_fail (wait != NULL, NULL);
  return wait->member;
}

/**
 * tyet_wait_get_waited_us:
 * @wait: a wait
 *
 * How long it had lasted when it was asked for.
 *
 * Returns: microseconds, time that the machine was suspended included
 */
gint64
tyet_wait_get_waited_us (TyetWait *wait)
{
  g_return_val_if_fail (wait != NULL, 0);
  return wait->waited_us;
}
