/* examples/lab/film-play.h: makes a film of a play while it plays.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "export.h"
#include "scene-play.h"

typedef struct _Filming Filming;

/* Right after play_new (): from here on everything is seen. Takes the play's `acts` and `refuses`, and its stage's
 * `on_sent`, and is a witness of its world. */
Filming *filming_new (Play *play);
/* Every packet that leaves, keepalives too, goes there as well (export.h). */
void filming_set_capture (Filming *filming, Capture *capture);
/* After play_end (): what came out. `filming` is freed. (transfer full) */
Film *filming_end (Filming *filming);
