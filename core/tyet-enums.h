/* tyet-enums.h: services, states, and reasons.
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
 * TyetService:
 * @TYET_SERVICE_DEFAULT: what the group's ordering stands for: `fifo` gives fifo, `causal` causal, `total` agreed
 * @TYET_SERVICE_FIFO: after all earlier messages of the same sender ([BJ87] fbcast)
 * @TYET_SERVICE_CAUSAL: also after every message that it causally follows ([BSS91] §3, cbcast)
 * @TYET_SERVICE_AGREED: also in one total order, the same at every member ([BJ87] abcast)
 * @TYET_SERVICE_SAFE: also only once every member of the view holds it ([EVS94] §2): nobody ever contradicts it
 *
 * What a message is promised. Services mix in one group, up to the strongest that its ordering offers
 * ([method@Tyet.Group.get_strongest_service]); each value includes what the ones before it promise.
 */
typedef enum
{
  TYET_SERVICE_DEFAULT = -1,
  TYET_SERVICE_FIFO = 0,
  TYET_SERVICE_CAUSAL = 1,
  TYET_SERVICE_AGREED = 2,
  TYET_SERVICE_SAFE = 3
} TyetService;

#define TYET_TYPE_SERVICE (tyet_service_get_type ())
TYET_API GType tyet_service_get_type (void);

/**
 * TyetGroupState:
 * @TYET_GROUP_STATE_NEW: neither founded nor joined yet
 * @TYET_GROUP_STATE_JOINING: has asked to be let in
 * @TYET_GROUP_STATE_MEMBER: in a view; messages flow
 * @TYET_GROUP_STATE_FLUSHING: the next view is being agreed on; sends queue and go out in it
 * @TYET_GROUP_STATE_BLOCKED: this part of the group holds no quorum; sends are refused
 * @TYET_GROUP_STATE_LEFT: left in good order
 * @TYET_GROUP_STATE_EXCLUDED: the group went on without this process
 * @TYET_GROUP_STATE_FAILED: could not enter
 *
 * Where a group object is in its life. The last three are final, but for a failed one, which may try to enter again.
 */
typedef enum
{
  TYET_GROUP_STATE_NEW,
  TYET_GROUP_STATE_JOINING,
  TYET_GROUP_STATE_MEMBER,
  TYET_GROUP_STATE_FLUSHING,
  TYET_GROUP_STATE_BLOCKED,
  TYET_GROUP_STATE_LEFT,
  TYET_GROUP_STATE_EXCLUDED,
  TYET_GROUP_STATE_FAILED
} TyetGroupState;

#define TYET_TYPE_GROUP_STATE (tyet_group_state_get_type ())
TYET_API GType tyet_group_state_get_type (void);

/**
 * TyetLeftReason:
 * @TYET_LEFT_REASON_LEAVE: it asked to leave
 * @TYET_LEFT_REASON_DEAD: its process is gone, which is a fact
 * @TYET_LEFT_REASON_SUSPECT: it was silent for too long, or its channel was lost
 * @TYET_LEFT_REASON_REACH: it does not reach all the others
 * @TYET_LEFT_REASON_LOADING: it was taken out while it loaded the state
 * @TYET_LEFT_REASON_REVOKED: its key was taken off the list of those who are admitted
 *
 * Why a member of the view before is not in the view.
 */
typedef enum
{
  TYET_LEFT_REASON_LEAVE,
  TYET_LEFT_REASON_DEAD,
  TYET_LEFT_REASON_SUSPECT,
  TYET_LEFT_REASON_REACH,
  TYET_LEFT_REASON_LOADING,
  TYET_LEFT_REASON_REVOKED
} TyetLeftReason;

#define TYET_TYPE_LEFT_REASON (tyet_left_reason_get_type ())
TYET_API GType tyet_left_reason_get_type (void);

/**
 * TyetSendFlags:
 * @TYET_SEND_NONE: finish when the message is accepted
 * @TYET_SEND_STABLE: finish when the message is stable: received by every member of its view
 *
 * When [method@Tyet.Group.send_async] finishes.
 */
typedef enum /*< flags >*/
{
  TYET_SEND_NONE = 0,
  TYET_SEND_STABLE = 1 << 0
} TyetSendFlags;

#define TYET_TYPE_SEND_FLAGS (tyet_send_flags_get_type ())
TYET_API GType tyet_send_flags_get_type (void);

/**
 * TyetSecurity:
 * @TYET_SECURITY_SEALED: authenticated and encrypted; who does not know the network secret is not let in
 * @TYET_SECURITY_PLAIN: none: whoever reaches the address is let in. Only on loopback and Unix sockets.
 *
 * How the channels of a process are protected.
 */
typedef enum
{
  TYET_SECURITY_SEALED,
  TYET_SECURITY_PLAIN
} TyetSecurity;

#define TYET_TYPE_SECURITY (tyet_security_get_type ())
TYET_API GType tyet_security_get_type (void);

G_END_DECLS
