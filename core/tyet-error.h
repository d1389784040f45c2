/* tyet-error.h: what can go wrong.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(TYET_INSIDE) && !defined(TYET_COMPILATION)
#error "Only <tyet.h> can be included directly."
#endif

#include <glib-object.h>
#include "tyet-version.h"

G_BEGIN_DECLS

/**
 * TYET_ERROR:
 *
 * Error domain of tyet; its codes are those of [error@Tyet.Error].
 */
#define TYET_ERROR (tyet_error_quark ())
TYET_API GQuark tyet_error_quark (void);

/**
 * TyetError:
 * @TYET_ERROR_ORDERING: there is no ordering of that name, or the group that was asked uses another one
 * @TYET_ERROR_SERVICE: the group's ordering does not offer the service asked for; nothing was sent
 * @TYET_ERROR_TOO_LARGE: the message is longer than the process's limit; nothing was sent
 * @TYET_ERROR_WOULD_BLOCK: the sender's window is full; wait for [signal@Tyet.Group::writable], or send asynchronously
 * @TYET_ERROR_BLOCKED: this process's part of the group holds no quorum; nothing was sent
 * @TYET_ERROR_NOT_MEMBER: the group has not been entered, or has been left
 * @TYET_ERROR_ADDRESS: an address does not parse or is not usable here
 * @TYET_ERROR_ADDRESS_IN_USE: something else listens at that address
 * @TYET_ERROR_UNREACHABLE: no contact was reached in the time given
 * @TYET_ERROR_REFUSED: a contact answered and refused, or members are not on this process's own list of keys; the
 *   message says why
 * @TYET_ERROR_PROTOCOL: a peer speaks something else, or another version of the protocol
 * @TYET_ERROR_TIMED_OUT: the time given has passed
 * @TYET_ERROR_EXCLUDED: the group went on without this process
 * @TYET_ERROR_STATE: the call does not fit the state that the object is in
 * @TYET_ERROR_TRANSFER: a state transfer broke off
 * @TYET_ERROR_FORKED: the process was forked since the object was made
 * @TYET_ERROR_NAME: a name is empty, longer than 255 bytes, not printable UTF-8, or that of another member
 * @TYET_ERROR_IDENTITY: the file of an identity cannot be read or written, or is damaged
 * @TYET_ERROR_SECRET: a secret, a ticket or a list of keys is missing, cannot be read or written, or is damaged
 * @TYET_ERROR_PLAIN: clear text was asked for where it would leave the machine
 *
 * Codes of the domain %TYET_ERROR.
 */
typedef enum
{
  TYET_ERROR_ORDERING,
  TYET_ERROR_SERVICE,
  TYET_ERROR_TOO_LARGE,
  TYET_ERROR_WOULD_BLOCK,
  TYET_ERROR_BLOCKED,
  TYET_ERROR_NOT_MEMBER,
  TYET_ERROR_ADDRESS,
  TYET_ERROR_ADDRESS_IN_USE,
  TYET_ERROR_UNREACHABLE,
  TYET_ERROR_REFUSED,
  TYET_ERROR_PROTOCOL,
  TYET_ERROR_TIMED_OUT,
  TYET_ERROR_EXCLUDED,
  TYET_ERROR_STATE,
  TYET_ERROR_TRANSFER,
  TYET_ERROR_FORKED,
  TYET_ERROR_NAME,
  TYET_ERROR_IDENTITY,
  TYET_ERROR_SECRET,
  TYET_ERROR_PLAIN
} TyetError;

#define TYET_TYPE_ERROR (tyet_error_get_type ())
TYET_API GType tyet_error_get_type (void);

G_END_DECLS
