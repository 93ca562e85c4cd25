/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The keys of an AppVM file: one table row each. The key file, `bulkheadctl set`, the settings
 * windows and the manual follow from it. */
#pragma once

#include <gio/gio.h>

typedef enum
{
  BH_KEY_STRING,   /* min and max are characters */
  BH_KEY_TEXT,     /* as STRING, with line breaks */
  BH_KEY_INT,      /* min and max are the value */
  BH_KEY_BOOL,     /* "true" or "false" */
  BH_KEY_ENUM,     /* one of choices */
  BH_KEY_COLOR,    /* see bh_color_parse() */
  BH_KEY_APPS,     /* desktop-file ids, ";" after each; max is how many */
  BH_KEY_LIST,     /* other items, the same way; check says which */
  BH_KEY_FOLDERS,  /* see bh-folders.h; max is how many */
  BH_KEY_HOME,     /* "none", "disk" or the whole path of a folder; otherwise as STRING */
  BH_KEY_FILE,     /* the whole path of a file, or nothing; otherwise as STRING */
  BH_KEY_COMMANDS, /* see bh-commands.h; max is how many */
} BhKeyType;

/* Where settings windows and the manual put a key; the table has them in this order. */
typedef enum
{
  BH_GROUP_GENERAL,
  BH_GROUP_REACH, /* what programs in the AppVM may get at; asked for when it is made, too */
  BH_GROUP_RESOURCES,
  BH_GROUP_HOME,
  BH_GROUP_BEHAVIOUR,
  BH_GROUP_ADVANCED,
  BH_N_GROUPS
} BhKeyGroup;

/**
 * BhKey:
 * @name: as in the file
 * @type: decides what @min and @max mean
 * @fallback: value as text where the file has none; %NULL when the key is required
 * @group: where people find it
 * @choices: (nullable): for %BH_KEY_ENUM, %NULL-terminated
 * @choice_titles: (nullable): what to call them, as many, marked for translation
 * @check: (nullable): for %BH_KEY_STRING: what else has to hold for a value that is not empty; for
 * %BH_KEY_LIST, whether something can be an item
 * @takes: (nullable): what @check wants, for error messages: "IP addresses"
 * @unit: (nullable): what a number counts, untranslated ("MiB", "s")
 * @title: short, for settings windows; marked for translation
 * @doc: one sentence, marked for translation
 * @needs_restart: takes effect at the AppVM's next start
 * @command: has this computer do something: it never comes from another one
 * @weakens: a value other than @fallback makes the isolation weaker
 * @on_disk: (nullable): what it is where programs come from a disk image, whatever the file says: nothing of
 * Bulkhead's is in there to see to it
 * @disk_only: means something there only
 */
typedef struct
{
  const char *name;
  BhKeyType type;
  BhKeyGroup group;
  gint64 min, max;
  const char *fallback;
  const char *const *choices;
  const char *const *choice_titles;
  gboolean (*check) (const char *text);
  const char *takes;
  const char *unit;
  const char *title;
  const char *doc;
  gboolean needs_restart;
  gboolean weakens;
  gboolean command;
  const char *on_disk;
  gboolean disk_only;
} BhKey;

/* The template of an AppVM that is a whole desktop: what boots is a disk image, and knows nothing of Bulkhead. */
#define BH_TEMPLATE_DISK "disk"

/**
 * bh_keys:
 * @n: (out): how many
 *
 * The table, in the order people should see it.
 */
const BhKey *bh_keys (gsize *n);

/* %NULL when there is no such key. */
const BhKey *bh_keys_find (const char *name);

/* Whether @key means something with Template=@template. */
gboolean bh_key_applies (const BhKey *key, const char *template);

/* Its heading, translated; with @doc (out) (optional) a sentence on what is in it. */
const char *bh_key_group_title (BhKeyGroup group, const char **doc);

/**
 * bh_key_normalize:
 * @key: a row
 * @text: a value as people or a key file write it
 * @error: %BH_ERROR_INVALID_ARGUMENT naming key, value and range
 *
 * Check @text, and bring it to the one form in which it is kept ("blue" becomes "#1c71d8", " 07" 7).
 *
 * Returns: (transfer full) (nullable): the value
 */
char *bh_key_normalize (const BhKey *key, const char *text, GError **error);

/* What values @key takes, for error messages and the manual: "192 to 65536 MiB". */
char *bh_key_describe_range (const BhKey *key);

/* Whether @text means a USB device: "046d:c52b" (vendor and product), or the place "1-4.2" (bus and ports). */
gboolean bh_key_is_usb_device (const char *text);
/* Whether @text is the address of a PCI device: "01:00.0" or "0000:01:00.0". */
gboolean bh_key_is_pci_device (const char *text);

/* Whether @id can be the id of a desktop file: no folder in it, ends in ".desktop". */
gboolean bh_app_id_is_valid (const char *id);
