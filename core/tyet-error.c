/* core/tyet-error.c: the error domain.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tyet-error.h"

G_DEFINE_QUARK (tyet-error-quark, tyet_error)

G_DEFINE_ENUM_TYPE (TyetError, tyet_error,
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_ORDERING, "ordering"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_SERVICE, "service"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_TOO_LARGE, "too-large"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_WOULD_BLOCK, "would-block"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_BLOCKED, "blocked"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_NOT_MEMBER, "not-member"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_ADDRESS, "address"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_ADDRESS_IN_USE, "address-in-use"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_UNREACHABLE, "unreachable"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_REFUSED, "refused"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_PROTOCOL, "protocol"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_TIMED_OUT, "timed-out"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_EXCLUDED, "excluded"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_STATE, "state"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_TRANSFER, "transfer"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_FORKED, "forked"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_NAME, "name"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_IDENTITY, "identity"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_SECRET, "secret"),
                    G_DEFINE_ENUM_VALUE (TYET_ERROR_PLAIN, "plain"))
