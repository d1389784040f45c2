/* tyet.h: the one header that programs include.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define TYET_INSIDE

#include "tyet-version.h"
#include "tyet-enums.h"
#include "tyet-error.h"
#include "tyet-view.h"
#include "tyet-view-change.h"
#include "tyet-message.h"
#include "tyet-wait.h"
#include "tyet-identity.h"
#include "tyet-secret.h"
#include "tyet-ticket.h"
#include "tyet-process.h"
#include "tyet-group.h"

#undef TYET_INSIDE
