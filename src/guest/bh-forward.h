/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Other AppVMs that use this one's network. Root, in a VM only. */
#pragma once

#include <stdbool.h>

/**
 * bh_forward_apply:
 * @clients: names of the interfaces that lead to them; none: forwarding ends
 * @server4, @server6: (nullable): where their questions for names go
 * @detail: (out): what went wrong, in one sentence
 */
bool bh_forward_apply (const char *const *clients, const char *server4, const char *server6,
                       char **detail);
