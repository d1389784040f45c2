/* core/tyet-enums.c: the GTypes of the public enumerations, and that they agree with the internal ones.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tyet-enums.h"
#include "core/group.h"

G_STATIC_ASSERT ((int) TYET_SERVICE_FIFO == (int) TY_SERVICE_FIFO);
G_STATIC_ASSERT ((int) TYET_SERVICE_CAUSAL == (int) TY_SERVICE_CAUSAL);
G_STATIC_ASSERT ((int) TYET_SERVICE_AGREED == (int) TY_SERVICE_AGREED);
G_STATIC_ASSERT ((int) TYET_SERVICE_SAFE == (int) TY_SERVICE_SAFE);

G_STATIC_ASSERT ((int) TYET_GROUP_STATE_NEW == (int) TY_GROUP_NEW);
G_STATIC_ASSERT ((int) TYET_GROUP_STATE_JOINING == (int) TY_GROUP_JOINING);
G_STATIC_ASSERT ((int) TYET_GROUP_STATE_MEMBER == (int) TY_GROUP_MEMBER);
G_STATIC_ASSERT ((int) TYET_GROUP_STATE_FLUSHING == (int) TY_GROUP_FLUSHING);
G_STATIC_ASSERT ((int) TYET_GROUP_STATE_BLOCKED == (int) TY_GROUP_BLOCKED);
G_STATIC_ASSERT ((int) TYET_GROUP_STATE_LEFT == (int) TY_GROUP_LEFT);
G_STATIC_ASSERT ((int) TYET_GROUP_STATE_EXCLUDED == (int) TY_GROUP_EXCLUDED);
G_STATIC_ASSERT ((int) TYET_GROUP_STATE_FAILED == (int) TY_GROUP_FAILED);

G_STATIC_ASSERT ((int) TYET_LEFT_REASON_LEAVE == (int) TY_LEFT_LEAVE);
G_STATIC_ASSERT ((int) TYET_LEFT_REASON_DEAD == (int) TY_LEFT_DEAD);
G_STATIC_ASSERT ((int) TYET_LEFT_REASON_SUSPECT == (int) TY_LEFT_SUSPECT);
G_STATIC_ASSERT ((int) TYET_LEFT_REASON_REACH == (int) TY_LEFT_REACH);
G_STATIC_ASSERT ((int) TYET_LEFT_REASON_LOADING == (int) TY_LEFT_LOADING);
G_STATIC_ASSERT ((int) TYET_LEFT_REASON_REVOKED == (int) TY_LEFT_REVOKED);

G_DEFINE_ENUM_TYPE (TyetService, tyet_service,
                    G_DEFINE_ENUM_VALUE (TYET_SERVICE_DEFAULT, "default"),
                    G_DEFINE_ENUM_VALUE (TYET_SERVICE_FIFO, "fifo"),
                    G_DEFINE_ENUM_VALUE (TYET_SERVICE_CAUSAL, "causal"),
                    G_DEFINE_ENUM_VALUE (TYET_SERVICE_AGREED, "agreed"),
                    G_DEFINE_ENUM_VALUE (TYET_SERVICE_SAFE, "safe"))

G_DEFINE_ENUM_TYPE (TyetGroupState, tyet_group_state,
                    G_DEFINE_ENUM_VALUE (TYET_GROUP_STATE_NEW, "new"),
                    G_DEFINE_ENUM_VALUE (TYET_GROUP_STATE_JOINING, "joining"),
                    G_DEFINE_ENUM_VALUE (TYET_GROUP_STATE_MEMBER, "member"),
                    G_DEFINE_ENUM_VALUE (TYET_GROUP_STATE_FLUSHING, "flushing"),
                    G_DEFINE_ENUM_VALUE (TYET_GROUP_STATE_BLOCKED, "blocked"),
                    G_DEFINE_ENUM_VALUE (TYET_GROUP_STATE_LEFT, "left"),
                    G_DEFINE_ENUM_VALUE (TYET_GROUP_STATE_EXCLUDED, "excluded"),
                    G_DEFINE_ENUM_VALUE (TYET_GROUP_STATE_FAILED, "failed"))

G_DEFINE_ENUM_TYPE (TyetLeftReason, tyet_left_reason,
                    G_DEFINE_ENUM_VALUE (TYET_LEFT_REASON_LEAVE, "leave"),
                    G_DEFINE_ENUM_VALUE (TYET_LEFT_REASON_DEAD, "dead"),
                    G_DEFINE_ENUM_VALUE (TYET_LEFT_REASON_SUSPECT, "suspect"),
                    G_DEFINE_ENUM_VALUE (TYET_LEFT_REASON_REACH, "reach"),
                    G_DEFINE_ENUM_VALUE (TYET_LEFT_REASON_LOADING, "loading"),
                    G_DEFINE_ENUM_VALUE (TYET_LEFT_REASON_REVOKED, "revoked"))

G_DEFINE_FLAGS_TYPE (TyetSendFlags, tyet_send_flags,
                     G_DEFINE_ENUM_VALUE (TYET_SEND_NONE, "none"),
                     G_DEFINE_ENUM_VALUE (TYET_SEND_STABLE, "stable"))

G_DEFINE_ENUM_TYPE (TyetSecurity, tyet_security,
                    G_DEFINE_ENUM_VALUE (TYET_SECURITY_SEALED, "sealed"),
                    G_DEFINE_ENUM_VALUE (TYET_SECURITY_PLAIN, "plain"))
