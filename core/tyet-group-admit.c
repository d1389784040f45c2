/* core/tyet-group-admit.c: who may enter a group, as the application sets it.  What is done with it: group-admit.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>

#include "core/private-file.h"
#include "core/tyet-group-private.h"

/* ---- The list of keys ---- */

static TyAdmitList *
load_list (const char *path, GError **error)
{
  const char *why;
  gsize n = 0;
  guint line = 0;
  TyAdmitList *list = NULL;
  char *text = NULL;
  /* Read again, it would be empty: a list of nobody, by which every member would have to go. */
  if (strcmp (path, "-") == 0)
    why = "it has to be a file, that can be read again, and - is standard input";
  else
    text = ty_private_read (path, TY_PRIVATE_LIST, TY_ADMIT_FILE_MAX_BYTES, &n, &why);
  if (text != NULL && (list = ty_admit_list_read (text, n, &line, &why)) == NULL)
    g_set_error (error, TYET_ERROR, TYET_ERROR_SECRET, "The list of keys %s cannot be read: line %u: %s", path, line,
                 why);
  else if (text == NULL)
    g_set_error (error, TYET_ERROR, TYET_ERROR_SECRET, "The list of keys %s cannot be read: %s", path, why);
  sodium_free (text);
  return list;
}

static gboolean
is_sealed (TyetGroup *group, const char *what, GError **error)
{
  if (group->rt->secret != NULL)
    return TRUE;
  g_set_error (error, TYET_ERROR, TYET_ERROR_PLAIN,
               "The group %s cannot have %s: channels are in the clear, and nobody can prove anything on them",
               group->name, what);
  return FALSE;
}

/**
 * tyet_group_set_admit_file:
 * @group: a group
 * @path: (type filename) (nullable): a list of public keys; %NULL to admit every key
 * @error: return location for an error
 *
 * Admits only processes whose public keys ([method@Tyet.Identity.get_public_key]) are on a list: a line for each, which
 * begins with the key; what follows it is for people, as are empty lines and those that begin with `#`. Each member has
 * a list of its own or none, and one member's list is enough to keep a process out; usually all have the same.
 *
 * It can be changed at any time: a member whose key is not on the list any more is not in the next view
 * (%TYET_LEFT_REASON_REVOKED), and its channels are closed. This process itself is not looked for. Where the
 * lists leave nobody who has the group's state, nobody who has it is excluded; a message is logged then.
 *
 * The list of a process that joins has to have all members: else it is not let in, which fails with %TYET_ERROR_REFUSED
 * and the names of those that are lacking.
 *
 * Fails with %TYET_ERROR_SECRET if the list cannot be read, has a line that is wrong, or can be written by others than
 * its owner: then the list before it stays. With %TYET_ERROR_PLAIN if the process's channels are in the clear.
 *
 * Returns: %TRUE if the list counts from now on
 */
gboolean
tyet_group_set_admit_file (TyetGroup *group, const char *path, GError **error)
{
  TyAdmitList *list = NULL;
  g_return_val_if_fail (TYET_IS_GROUP (group), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  TY_RETURN_VAL_UNLESS_HERE (group->rt, FALSE);
  if (!ty_runtime_check (group->rt, error))
    return FALSE;
  if (path != NULL && (!is_sealed (group, "a list of keys", error) || (list = load_list (path, error)) == NULL))
    return FALSE;
  g_clear_pointer (&group->admit, ty_admit_list_unref);
  group->admit = list;
  if (path != group->admit_path)
    {
      g_free (group->admit_path);
      group->admit_path = g_strdup (path);
    }
  if (group->engine != NULL)
    {
      ty_group_set_admit (group->engine, list);
      ty_runtime_kick (group->rt);
    }
  return TRUE;
}

/**
 * tyet_group_reload_admit_file:
 * @group: a group
 * @error: return location for an error
 *
 * Reads the list of [method@Tyet.Group.set_admit_file] again: keys may have come and gone. Fails as that does, and then
 * the list before it stays.
 *
 * Returns: %TRUE if the list, as it is now, counts from now on
 */
gboolean
tyet_group_reload_admit_file (TyetGroup *group, GError **error)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), FALSE);
  return tyet_group_set_admit_file (group, group->admit_path, error);
}

/* ---- The group's secret ---- */

/**
 * tyet_group_set_secret:
 * @group: a group that has not been entered yet
 * @secret: (nullable): its secret, or %NULL for none
 * @error: return location for an error
 *
 * Gives the group a secret of its own, beside the network's: whoever joins proves, inside the sealed channel, that it
 * knows the same, and so does who lets it in. To be set by all members before they enter.
 *
 * Fails with %TYET_ERROR_STATE if the group has been entered, and %TYET_ERROR_PLAIN if the process's channels are in
 * the clear.
 *
 * Returns: %TRUE if it is set
 */
gboolean
tyet_group_set_secret (TyetGroup *group, TyetSecret *secret, GError **error)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  TY_RETURN_VAL_UNLESS_HERE (group->rt, FALSE);
  TyetGroupState state = tyet_group_get_state (group);
  if (!ty_runtime_check (group->rt, error) || (secret != NULL && !is_sealed (group, "a secret", error)))
    return FALSE;
  if (state != TYET_GROUP_STATE_NEW && state != TYET_GROUP_STATE_FAILED)
    {
      g_set_error (error, TYET_ERROR, TYET_ERROR_STATE,
                   "The group %s has been entered: its secret is not one's own to set", group->name);
      return FALSE;
    }
  if (secret != NULL)
    tyet_secret_ref (secret);
  g_clear_pointer (&group->secret, tyet_secret_unref);
  group->secret = secret;
  return TRUE;
}

/**
 * tyet_group_get_secret:
 * @group: a group
 *
 * The secret that the group goes by now.
 *
 * Returns: (transfer none) (nullable): the secret, or %NULL if it has none
 */
TyetSecret *
tyet_group_get_secret (TyetGroup *group)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), NULL);
  return group->secret;
}

/**
 * tyet_group_rekey:
 * @group: a group that this process is in
 * @network_too: whether to replace the network's secret, too
 * @error: return location for an error
 *
 * Replaces the group's secret, if it has one, and the network's if that is asked for, by new ones drawn at random. The
 * members agree on it as on a view: it begins one in which all of them go on, soon, and with it the signal
 * [signal@Tyet.Group::rekeyed] comes at every member. From that view on the former secrets admit nobody, and when all
 * members have begun it, all their connections are made anew, with fresh keys; no message is lost by it. If a member is
 * lost meanwhile it goes first, and never learns the new secrets.
 *
 * It may be called as often as one likes, once for each key that is revoked, say. In the end secrets hold that were
 * drawn after the last call; calls that follow each other closely have one change in common, so there may be fewer
 * signals than calls.
 *
 * A new network secret is for the members of this group: other processes that shared the old one can neither come in
 * nor begin to speak to its members. A process that is in several groups answers to the network secret of each that has
 * changed it; with members of groups that have not it goes on, while their sessions last. A member that is cut off
 * right then, and is excluded before it could learn the new secret, has to be given it by hand.
 *
 * Fails with %TYET_ERROR_NOT_MEMBER if this process is not in the group, %TYET_ERROR_SECRET if there is nothing to
 * replace, and %TYET_ERROR_PLAIN if channels are in the clear.
 *
 * Returns: %TRUE if new secrets will hold
 */
gboolean
tyet_group_rekey (TyetGroup *group, gboolean network_too, GError **error)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  TY_RETURN_VAL_UNLESS_HERE (group->rt, FALSE);
  if (!ty_tyet_group_check (group, error) || !is_sealed (group, "new secrets", error)
      || !ty_group_rekey (group->engine, network_too, error))
    return FALSE;
  ty_runtime_kick (group->rt);
  return TRUE;
}

void
ty_tyet_group_rekeyed (TyetGroup *group, const TyEffect *effect)
{
  const guint8 *bytes = g_bytes_get_data (effect->bytes, NULL);
  gboolean network = (effect->number & 2) != 0;
  if ((effect->number & 1) != 0)
    {
      g_clear_pointer (&group->secret, tyet_secret_unref);
      group->secret = ty_tyet_secret_new (bytes);
    }
  if (network)
    {
      g_clear_pointer (&group->rt->secret, tyet_secret_unref);
      group->rt->secret = ty_tyet_secret_new (bytes + TY_KEY_BYTES);
    }
  g_signal_emit (group, ty_tyet_group_signals[TY_SIGNAL_REKEYED], 0, network);
}

/* ---- Entering ---- */

gboolean
ty_tyet_group_prepare_admission (TyetGroup *group, GError **error)
{
  g_assert (group->rt->secret != NULL || (group->secret == NULL && group->admit == NULL));
  ty_group_set_secret (group->engine, group->secret != NULL ? ty_tyet_secret_bytes (group->secret) : NULL);
  if (group->admit != NULL)
    ty_group_set_admit (group->engine, group->admit);
  ty_group_set_asks (group->engine,
                     g_signal_has_handler_pending (group, ty_tyet_group_signals[TY_SIGNAL_AUTHORIZE], 0, TRUE));
  return TRUE;
}

void
ty_tyet_group_authorize (TyetGroup *group, const TyEffect *effect)
{
  char key[TY_KEY_TEXT_BYTES] = "";
  gboolean may = FALSE;
  if (effect->bytes != NULL)
    ty_key_print (g_bytes_get_data (effect->bytes, NULL), key);
  g_signal_emit (group, ty_tyet_group_signals[TY_SIGNAL_AUTHORIZE], 0, effect->bytes != NULL ? key : NULL, effect->text,
                 effect->address, &may);
  if (group->engine == NULL)
    return;
  ty_group_authorized (group->engine, &effect->pid, may);
  ty_runtime_kick (group->rt);
}
