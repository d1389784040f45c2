/* core/tyet-error.c: the error domain.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tyet-error.h"

G_DEFINE_QUARK (tyet-error-quark, tyet_error)
