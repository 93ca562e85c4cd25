/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sound of a running AppVM.
 *
 * Theory of operation: the proxy knows what is allowed and holds the guest to it. When the guest first plays
 * or records, it asks for bulkhead-sound, which is started here and connected to it; that is told what is
 * allowed as well, and ends when nothing is. */
#include "config.h"

#include "bh-sound-part.h"

#include "bh-error.h"
#include "bh-log.h"

#include <errno.h>
#include <unistd.h>

#define LATENCY_MS 60
#define LATENCY_EMULATED_MS 120
/* A bulkhead-sound that ends at once is not started more often than this. */
#define RESTART_US (2 * G_USEC_PER_SEC)

struct _BhSoundPart
{
  GObject parent;
  char *id, *name, *programs, *icon;
  gboolean play, record; /* its settings */
  gboolean emulated;
  BhProxyLink *link; /* NULL while there is none */
  BhSoundLink *sound;
  gint64 started;
  guint later;
  gboolean playing, recording;
  double volume;
  gboolean muted;
  gboolean set_volume, set_muted; /* by the user, while there was no bulkhead-sound */
};

/* Of all AppVMs that run, for the switch of all microphones. */
static GPtrArray *all;

static void part_init (BhPartInterface *iface);

G_DEFINE_TYPE_WITH_CODE (BhSoundPart, bh_sound_part, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (BH_TYPE_PART, part_init))

/* Its being there is the switch, so that it outlives the service. */
static char *
muted_file (void)
{
  return g_build_filename (g_get_user_state_dir (), "bulkhead", "microphones-muted", NULL);
}

gboolean
bh_sound_part_microphones_muted (void)
{
  g_autofree char *path = muted_file ();

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static gboolean
may_record (BhSoundPart *self)
{
  return self->record && !bh_sound_part_microphones_muted ();
}

static void
drop_sound (BhSoundPart *self)
{
  g_clear_handle_id (&self->later, g_source_remove);
  if (!self->sound)
    return;
  g_signal_handlers_disconnect_by_data (self->sound, self);
  bh_sound_link_close (self->sound);
  g_clear_object (&self->sound);
  if (!self->playing && !self->recording)
    return;
  self->playing = self->recording = FALSE;
  bh_part_emit_changed (BH_PART (self));
}

/* Say what is allowed to whoever has to know. */
static void
tell_switches (BhSoundPart *self)
{
  gboolean record = may_record (self);

  /* The proxy first: it is the one that a guest cannot get round. */
  if (self->link)
    bh_proxy_link_set_sound (self->link, self->play, record);
  if (!self->play && !record)
    drop_sound (self);
  else if (self->sound)
    bh_sound_link_set_switches (self->sound, self->play, record);
}

static void
on_state (BhSoundLink *sound, gboolean playing, gboolean recording, BhSoundPart *self)
{
  if (recording != self->recording)
    bh_log_line (self->id, "microphone %s", recording ? "in use" : "not in use any more");
  self->playing = playing;
  self->recording = recording;
  bh_part_emit_changed (BH_PART (self));
}

static void
on_volume (BhSoundLink *sound, double volume, gboolean muted, BhSoundPart *self)
{
  self->volume = volume;
  self->muted = muted;
  bh_part_emit_changed (BH_PART (self));
}

static void
on_gone (BhSoundLink *sound, BhSoundPart *self)
{
  /* The proxy notices as well, and asks again when the guest still wants it. */
  drop_sound (self);
}

static void
start_sound (BhSoundPart *self)
{
  g_autoptr (GError) error = NULL;
  int proxy_fd;

  drop_sound (self);
  if (!self->link || (!self->play && !may_record (self)))
    return;
  self->started = g_get_monotonic_time ();
  self->sound = bh_sound_link_new (self->id, self->name,
                                   self->emulated ? LATENCY_EMULATED_MS : LATENCY_MS, &proxy_fd,
                                   &error);
  if (!self->sound)
    {
      bh_log_line (self->id, "no sound: %s", error->message);
      bh_part_emit_notice (BH_PART (self), "Its sound cannot be heard: bulkhead-sound did not start.");
      return;
    }
  g_signal_connect (self->sound, "state", G_CALLBACK (on_state), self);
  g_signal_connect (self->sound, "volume", G_CALLBACK (on_volume), self);
  g_signal_connect (self->sound, "gone", G_CALLBACK (on_gone), self);
  bh_sound_link_set_identity (self->sound, self->name, self->programs, self->icon);
  if (self->set_volume)
    bh_sound_link_set_volume (self->sound, self->volume);
  if (self->set_muted)
    bh_sound_link_set_muted (self->sound, self->muted);
  self->set_volume = self->set_muted = FALSE;
  bh_sound_link_set_switches (self->sound, self->play, may_record (self));
  bh_proxy_link_connect_sound (self->link, proxy_fd);
}

static gboolean
start_later (gpointer data)
{
  BhSoundPart *self = data;

  self->later = 0;
  start_sound (self);
  return G_SOURCE_REMOVE;
}

static void
on_wanted (BhProxyLink *link, BhSoundPart *self)
{
  gint64 wait = self->started + RESTART_US - g_get_monotonic_time ();

  g_clear_handle_id (&self->later, g_source_remove);
  if (self->started == 0 || wait <= 0)
    start_sound (self);
  else
    self->later = g_timeout_add ((guint) (wait / 1000) + 1, start_later, self);
}

static void
take_settings (BhSoundPart *self, BhVmConfig *config)
{
  g_free (self->name);
  self->name = g_strdup (bh_vm_config_get (config, "Name"));
  self->play = bh_vm_config_get_bool (config, "Sound");
  self->record = bh_vm_config_get_bool (config, "Microphone");
}

static void
part_changed (BhPart *part, BhVmConfig *config)
{
  BhSoundPart *self = BH_SOUND_PART (part);

  take_settings (self, config);
  if (self->sound)
    bh_sound_link_set_identity (self->sound, self->name, self->programs, self->icon);
  tell_switches (self);
}

static void
part_detached (BhPart *part)
{
  BhSoundPart *self = BH_SOUND_PART (part);

  if (self->link)
    g_signal_handlers_disconnect_by_data (self->link, self);
  g_clear_object (&self->link);
  drop_sound (self);
}

static void
part_attached (BhPart *part, BhProxyLink *link)
{
  BhSoundPart *self = BH_SOUND_PART (part);

  part_detached (part);
  self->link = g_object_ref (link);
  g_signal_connect (link, "sound-wanted", G_CALLBACK (on_wanted), self);
  tell_switches (self);
}

static void
part_stop (BhPart *part)
{
  part_detached (part);
  g_ptr_array_remove_fast (all, part);
}

static GVariant *
part_describe (BhPart *part)
{
  BhSoundPart *self = BH_SOUND_PART (part);
  GVariantDict dict;
  const char *uses[3] = { NULL };
  guint n = 0;

  if (self->playing)
    uses[n++] = "sound";
  if (self->recording)
    uses[n++] = "microphone";
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "in-use", g_variant_new_strv (uses, n));
  g_variant_dict_insert (&dict, "volume", "d", self->volume);
  g_variant_dict_insert (&dict, "muted", "b", self->muted);
  return g_variant_dict_end (&dict);
}

static void
part_init (BhPartInterface *iface)
{
  iface->name = BH_SOUND_PART_NAME;
  iface->attached = part_attached;
  iface->detached = part_detached;
  iface->changed = part_changed;
  iface->stop = part_stop;
  iface->abandon = part_stop;
  iface->describe = part_describe;
}

void
bh_sound_part_set_programs (BhSoundPart *self, const char *programs, const char *icon,
                            gboolean emulated)
{
  self->emulated = emulated;
  if (g_str_equal (programs, self->programs) && g_str_equal (icon, self->icon))
    return;
  g_free (self->programs);
  g_free (self->icon);
  self->programs = g_strdup (programs);
  self->icon = g_strdup (icon);
  if (self->sound)
    bh_sound_link_set_identity (self->sound, self->name, self->programs, self->icon);
}

void
bh_sound_part_set_volume (BhSoundPart *self, double volume)
{
  if (self->sound)
    {
      bh_sound_link_set_volume (self->sound, volume);
      return; /* its signal tells what has come of it */
    }
  self->volume = volume;
  self->set_volume = TRUE;
  bh_part_emit_changed (BH_PART (self));
}

void
bh_sound_part_set_muted (BhSoundPart *self, gboolean muted)
{
  if (self->sound)
    {
      bh_sound_link_set_muted (self->sound, muted);
      return;
    }
  self->muted = muted;
  self->set_muted = TRUE;
  bh_part_emit_changed (BH_PART (self));
}

void
bh_sound_part_get_level (BhSoundPart *self, BhSoundLevelFunc callback, gpointer data)
{
  if (self->sound)
    bh_sound_link_get_level (self->sound, callback, data);
  else
    callback (0, data);
}

gboolean
bh_sound_part_mute_microphones (gboolean muted, GError **error)
{
  g_autofree char *path = muted_file ();
  g_autofree char *dir = g_path_get_dirname (path);

  if (muted && (g_mkdir_with_parents (dir, 0700) != 0
                || !g_file_set_contents (path, "", 0, error)))
    {
      if (error && !*error)
        bh_error_set_from_errno (error, errno, "Cannot make the folder %s", dir);
      return FALSE;
    }
  if (!muted && unlink (path) != 0 && errno != ENOENT)
    {
      bh_error_set_from_errno (error, errno, "Cannot remove %s", path);
      return FALSE;
    }
  for (guint i = 0; all && i < all->len; i++)
    tell_switches (all->pdata[i]);
  return TRUE;
}

static void
bh_sound_part_finalize (GObject *object)
{
  BhSoundPart *self = BH_SOUND_PART (object);

  part_stop (BH_PART (self));
  g_free (self->id);
  g_free (self->name);
  g_free (self->programs);
  g_free (self->icon);
  G_OBJECT_CLASS (bh_sound_part_parent_class)->finalize (object);
}

static void
bh_sound_part_class_init (BhSoundPartClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_sound_part_finalize;
}

static void
bh_sound_part_init (BhSoundPart *self)
{
  self->volume = 1;
  self->programs = g_strdup ("");
  self->icon = g_strdup (BH_APP_ID);
  if (!all)
    all = g_ptr_array_new ();
  g_ptr_array_add (all, self);
}

BhPart *
bh_sound_part_new (BhVmConfig *config)
{
  BhSoundPart *self = g_object_new (BH_TYPE_SOUND_PART, NULL);

  self->id = g_strdup (bh_vm_config_get_id (config));
  take_settings (self, config);
  return BH_PART (self);
}
