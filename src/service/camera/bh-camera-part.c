/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The camera of a running AppVM.
 *
 * Theory of operation: the proxy knows whether the guest has a camera at all, and tells when a program in it looks.
 * Then, if need be after the user has said yes, bulkhead-camera is started here and connected to the proxy, which
 * keeps it as long as the program looks. Its life is the permission: cutting the camera off is to end it. */
#include "config.h"

#include "bh-camera-part.h"

#include "bh-camera-link.h"
#include "bh-camera-portal.h"
#include "bh-error.h"
#include "bh-log.h"

#include <string.h>

/* As many pictures per second as a call needs; half as many where a processor is emulated. */
#define RATE 30
#define RATE_EMULATED 15
/* A camera that is wanted again and again is not started more often than this. */
#define RESTART_US (1 * G_USEC_PER_SEC)
/* The question stays this long after the program has given up, so that none can make it flicker. */
#define LINGER_MS 2000

typedef enum
{
  MODE_OFF,
  MODE_ASK,
  MODE_ON
} Mode;

typedef enum
{
  ANSWER_NONE,
  ANSWER_NO,
  ANSWER_YES
} Answer;

struct _BhCameraPart
{
  GObject parent;
  char *id, *name;
  Mode mode;
  Answer answer;
  gboolean emulated;
  BhProxyLink *link; /* NULL while there is none */
  gboolean wanted;   /* a program looks */
  gboolean asks;
  guint linger;
  GCancellable *opening; /* the portal is asked */
  BhCameraLink *camera;
  gint64 started;
  guint later;
  gboolean sees;
};

static void part_init (BhPartInterface *iface);

G_DEFINE_TYPE_WITH_CODE (BhCameraPart, bh_camera_part, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (BH_TYPE_PART, part_init))

static void update (BhCameraPart *self);

static void
drop_camera (BhCameraPart *self)
{
  g_clear_handle_id (&self->later, g_source_remove);
  g_cancellable_cancel (self->opening);
  g_clear_object (&self->opening);
  if (self->camera)
    {
      g_signal_handlers_disconnect_by_data (self->camera, self);
      bh_camera_link_close (self->camera);
      g_clear_object (&self->camera);
    }
  if (!self->sees)
    return;
  self->sees = FALSE;
  bh_log_line (self->id, "camera not in use any more");
  bh_part_emit_changed (BH_PART (self));
}

static gboolean
is_allowed (BhCameraPart *self)
{
  return self->mode == MODE_ON || (self->mode == MODE_ASK && self->answer != ANSWER_NO);
}

static void
set_asks (BhCameraPart *self, gboolean asks)
{
  g_clear_handle_id (&self->linger, g_source_remove);
  if (self->asks == asks)
    return;
  self->asks = asks;
  bh_part_emit_changed (BH_PART (self));
}

static gboolean
ask_no_more (gpointer data)
{
  BhCameraPart *self = data;

  self->linger = 0;
  set_asks (self, FALSE);
  return G_SOURCE_REMOVE;
}

static void
on_sees (BhCameraLink *camera, gboolean sees, BhCameraPart *self)
{
  if (sees == self->sees)
    return;
  self->sees = sees;
  bh_log_line (self->id, "camera %s", sees ? "in use" : "not in use any more");
  bh_part_emit_changed (BH_PART (self));
}

static void
on_gone (BhCameraLink *camera, BhCameraPart *self)
{
  /* The proxy notices as well, and says again that the camera is wanted when it still is. */
  drop_camera (self);
}

/* @remote is taken. */
static void
start_camera (BhCameraPart *self, int remote)
{
  g_autoptr (GError) error = NULL;
  int proxy_fd;

  self->camera = bh_camera_link_new (self->id, self->name, self->emulated ? RATE_EMULATED : RATE,
                                     remote, &proxy_fd, &error);
  if (!self->camera)
    {
      bh_log_line (self->id, "no camera: %s", error->message);
      bh_part_emit_notice (BH_PART (self), "It has no camera: bulkhead-camera did not start.");
      return;
    }
  g_signal_connect (self->camera, "sees", G_CALLBACK (on_sees), self);
  g_signal_connect (self->camera, "gone", G_CALLBACK (on_gone), self);
  bh_proxy_link_connect_camera (self->link, proxy_fd);
}

static void
on_portal (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhCameraPart) self = data;
  g_autoptr (GError) error = NULL;
  int remote = bh_camera_portal_open_finish (result, &error);

  if (g_error_matches (error, BH_ERROR, BH_ERROR_CANCELLED))
    return;
  g_clear_object (&self->opening);
  if (!error)
    start_camera (self, remote);
  else
    {
      bh_log_line (self->id, "no camera: %s", error->message);
      bh_part_emit_notice (BH_PART (self), "It has no camera: the desktop does not let Bulkhead use one.");
    }
}

static gboolean
open_camera (gpointer data)
{
  BhCameraPart *self = data;

  self->later = 0;
  self->started = g_get_monotonic_time ();
  self->opening = g_cancellable_new ();
  bh_camera_portal_open_async (self->opening, on_portal, g_object_ref (self));
  return G_SOURCE_REMOVE;
}

/* Make it as setting, answer and the program want it. */
static void
update (BhCameraPart *self)
{
  gint64 wait = self->started + RESTART_US - g_get_monotonic_time ();

  if (!self->link || !self->wanted || !is_allowed (self)
      || (self->mode == MODE_ASK && self->answer == ANSWER_NONE))
    {
      drop_camera (self);
      return;
    }
  if (self->camera || self->opening || self->later)
    return;
  if (self->started == 0 || wait <= 0)
    open_camera (self);
  else
    self->later = g_timeout_add ((guint) (wait / 1000) + 1, open_camera, self);
}

static void
update_question (BhCameraPart *self)
{
  gboolean open = self->link && self->mode == MODE_ASK && self->answer == ANSWER_NONE;

  if (open && self->wanted)
    set_asks (self, TRUE);
  else if (!open)
    set_asks (self, FALSE);
  else if (self->asks && !self->linger)
    self->linger = g_timeout_add (LINGER_MS, ask_no_more, self);
}

static void
on_wanted (BhProxyLink *link, gboolean wanted, BhCameraPart *self)
{
  g_debug ("%s: the camera is %s", self->id, wanted ? "wanted" : "not wanted");
  self->wanted = wanted;
  /* Wanted anew: the bulkhead-camera that was there has ended, or has no use any more. */
  drop_camera (self);
  update_question (self);
  update (self);
}

static void
tell (BhCameraPart *self)
{
  /* The proxy first: it is the one that a guest cannot get round. */
  if (self->link)
    bh_proxy_link_set_camera (self->link, is_allowed (self));
  update_question (self);
  update (self);
}

static void
take_settings (BhCameraPart *self, BhVmConfig *config)
{
  const char *text = bh_vm_config_get (config, "Camera");
  Mode mode = g_str_equal (text, "on") ? MODE_ON : g_str_equal (text, "ask") ? MODE_ASK : MODE_OFF;

  g_free (self->name);
  self->name = g_strdup (bh_vm_config_get (config, "Name"));
  if (mode != self->mode)
    self->answer = ANSWER_NONE;
  self->mode = mode;
}

static void
part_changed (BhPart *part, BhVmConfig *config)
{
  BhCameraPart *self = BH_CAMERA_PART (part);

  take_settings (self, config);
  tell (self);
}

static void
part_detached (BhPart *part)
{
  BhCameraPart *self = BH_CAMERA_PART (part);

  if (self->link)
    g_signal_handlers_disconnect_by_data (self->link, self);
  g_clear_object (&self->link);
  self->wanted = FALSE;
  set_asks (self, FALSE);
  drop_camera (self);
}

static void
part_attached (BhPart *part, BhProxyLink *link)
{
  BhCameraPart *self = BH_CAMERA_PART (part);

  part_detached (part);
  self->link = g_object_ref (link);
  g_signal_connect (link, "camera-wanted", G_CALLBACK (on_wanted), self);
  tell (self);
}

static void
part_stop (BhPart *part)
{
  part_detached (part);
}

static GVariant *
part_describe (BhPart *part)
{
  BhCameraPart *self = BH_CAMERA_PART (part);
  const char *const uses[] = { "camera", NULL };
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "in-use", g_variant_new_strv (uses, self->sees ? 1 : 0));
  g_variant_dict_insert (&dict, "asks", "b", self->asks);
  return g_variant_dict_end (&dict);
}

static void
part_init (BhPartInterface *iface)
{
  iface->name = BH_CAMERA_PART_NAME;
  iface->attached = part_attached;
  iface->detached = part_detached;
  iface->changed = part_changed;
  iface->stop = part_stop;
  iface->abandon = part_stop;
  iface->describe = part_describe;
}

void
bh_camera_part_set_emulated (BhCameraPart *self, gboolean emulated)
{
  self->emulated = emulated;
}

gboolean
bh_camera_part_answer (BhCameraPart *self, gboolean allow, GError **error)
{
  if (self->mode != MODE_ASK)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "Nothing is to be answered: the camera of “%s” is %s", self->name,
                   self->mode == MODE_ON ? "on" : "off");
      return FALSE;
    }
  self->answer = allow ? ANSWER_YES : ANSWER_NO;
  bh_log_line (self->id, "the user %s the camera", allow ? "allows" : "denies");
  tell (self);
  return TRUE;
}

static void
bh_camera_part_finalize (GObject *object)
{
  BhCameraPart *self = BH_CAMERA_PART (object);

  part_stop (BH_PART (self));
  g_free (self->id);
  g_free (self->name);
  G_OBJECT_CLASS (bh_camera_part_parent_class)->finalize (object);
}

static void
bh_camera_part_class_init (BhCameraPartClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_camera_part_finalize;
}

static void
bh_camera_part_init (BhCameraPart *self)
{
}

BhPart *
bh_camera_part_new (BhVmConfig *config)
{
  BhCameraPart *self = g_object_new (BH_TYPE_CAMERA_PART, NULL);

  self->id = g_strdup (bh_vm_config_get_id (config));
  take_settings (self, config);
  return BH_PART (self);
}
