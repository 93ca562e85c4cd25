/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a hijacked program in an AppVM could reach, in plain words.
 *
 * @settings is a{ss} in all, as Vm1.Settings and bh_vm_config_to_variant() have it; a key that is
 * not in it has its default, so that the settings of an AppVM that does not exist yet do as well. */
#pragma once

#include <gio/gio.h>

/**
 * BhReachItem:
 * @topic: what it is about: "network", "microphone"; not for people
 * @icon: name of a symbolic icon
 * @text: what the icon stands for, short: "Internet"
 */
typedef struct
{
  const char *topic;
  const char *icon;
  char *text;
} BhReachItem;

/* For the list of AppVMs: what it may reach, at a glance; of BhReachItem, perhaps empty. */
GPtrArray *bh_reach_list (GVariant *settings);

/* "A hijacked program in here could … . It could not reach … ." */
char *bh_reach_describe (GVariant *settings);
