/* tests/judge/brief.h: histories in shorthand, so that a rule and what breaks it fit on a screen.
 *
 * One event a line, a process first:
 *
 *   a conf V a,b,c [first | after W] [transitional] [minor]     (minor: not primary; trans: transitional and minor)
 *   a send V M SERVICE        a deliver V M...       a fail V WHY
 *   a block V                 a save V [DIGEST]      a load V [DIGEST]       a end
 *
 * "a,b,c conf V ..." stands for the same event at each of them. Group "g", unless the process is written "a@GROUP".
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The same as JSON lines. (transfer full) */
char *brief_to_json (const char *brief);
