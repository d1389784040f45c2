/* tests/engine/no-driver.c: stands in for transport's driver where there is no transport.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/driver-port.h"

extern const TyDriverOps ty_driver;
const TyDriverOps ty_driver = { 0 };
