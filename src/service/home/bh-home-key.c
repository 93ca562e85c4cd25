/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Keys of encrypted home disks. They are nowhere but in the keyring and, while they are needed, in memory; on
 * the way to QEMU libvirt encrypts them once more. */
#include "config.h"

#include "bh-home-key.h"

#include "bh-error.h"

#include <libsecret/secret.h>
#include <string.h>
#include <sys/random.h>

#define KEY_BYTES 32

static const SecretSchema schema = {
  "io.github.bulkhead.Home",
  SECRET_SCHEMA_NONE,
  { { "appvm", SECRET_SCHEMA_ATTRIBUTE_STRING }, { NULL, 0 } },
};

static void
set_error (GError **error, const GError *cause, const char *what, const char *next)
{
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_set_error (error, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
  else
    g_set_error (error, BH_ERROR, BH_ERROR_NO_KEY, "%s%s%s. %s", what, cause ? ": " : "",
                 cause ? cause->message : "", next);
}

char *
bh_home_key_make (const char *id, const char *name, GCancellable *cancellable, GError **error)
{
  guint8 bytes[KEY_BYTES];
  g_autofree char *label = g_strdup_printf ("Home of the AppVM “%s” (Bulkhead)", name);
  g_autoptr (GError) failed = NULL;
  char *text;
  gboolean ok;

  if (getrandom (bytes, sizeof bytes, 0) != (gssize) sizeof bytes)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "This computer gives no random numbers");
      return NULL;
    }
  text = g_base64_encode (bytes, sizeof bytes);
  explicit_bzero (bytes, sizeof bytes);
  ok = secret_password_store_sync (&schema, SECRET_COLLECTION_DEFAULT, label, text, cancellable,
                                   &failed, "appvm", id, NULL);
  secret_password_wipe (text);
  g_free (text);
  /* What counts is that it comes back. */
  if (ok)
    return bh_home_key_find (id, cancellable, error);
  set_error (error, failed, "The key of the home cannot be kept in your keyring",
             "Start and unlock a keyring (GNOME Keyring or KWallet), or set HomeEncrypt=false.");
  return NULL;
}

static char *
take_secret (SecretItem *item)
{
  SecretValue *value = secret_item_get_secret (item);
  const char *text = value ? secret_value_get_text (value) : NULL;
  char *key = text && *text ? g_strdup (text) : NULL;

  if (value)
    secret_value_unref (value);
  return key;
}

char *
bh_home_key_find (const char *id, GCancellable *cancellable, GError **error)
{
  g_autoptr (GHashTable) attributes = secret_attributes_build (&schema, "appvm", id, NULL);
  g_autoptr (GError) failed = NULL;
  SecretService *service = secret_service_get_sync (SECRET_SERVICE_OPEN_SESSION, cancellable, &failed);
  GList *found = service ? secret_service_search_sync (
                               service, &schema, attributes,
                               SECRET_SEARCH_UNLOCK | SECRET_SEARCH_LOAD_SECRETS, cancellable, &failed)
                         : NULL;
  char *key = found ? take_secret (found->data) : NULL;

  if (failed)
    set_error (error, failed, "Its home is encrypted, and your keyring cannot be asked for the key",
               "Start and unlock the keyring (GNOME Keyring or KWallet), and try again.");
  else if (!found)
    set_error (error, NULL, "Its home is encrypted, and the key is not in your keyring",
               "Bring the keyring back in which it was; without the key nobody can read this "
               "home. To begin with a new one, move the old disk away "
               "(“bulkheadctl home NAME” names it).");
  else if (!key)
    set_error (error, NULL, "Its home is encrypted, and your keyring is locked",
               "Unlock the keyring, and try again.");
  g_list_free_full (found, g_object_unref);
  g_clear_object (&service);
  return key;
}

void
bh_home_key_free (char *key)
{
  if (!key)
    return;
  explicit_bzero (key, strlen (key));
  g_free (key);
}

void
bh_home_key_forget (const char *id)
{
  secret_password_clear (&schema, NULL, NULL, NULL, "appvm", id, NULL);
}
