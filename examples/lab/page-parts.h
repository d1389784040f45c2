/* examples/lab/page-parts.h: the files of page/, as they are built in (page/embed.py).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

extern const char page_part_html[];
extern const char page_part_css[];
extern const char page_part_js[];
