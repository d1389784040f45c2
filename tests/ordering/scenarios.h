/* tests/ordering/scenarios.h: the scenarios played by hand.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "probe.h"

void add_plain_scenarios (void);
void add_total_scenarios (void);
void add_closing_scenarios (void);
