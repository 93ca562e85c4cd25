/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files that only who knows a passphrase can read, or change unnoticed.
 *
 * Nothing of the cryptography is ours: the key is made by libsodium's crypto_pwhash (Argon2id), the data
 * are a crypto_secretstream (XChaCha20-Poly1305), which notices chunks that were changed, left out, moved
 * or put in, and an end that is not the end. age would have done, but reads passphrases from a terminal
 * only. The file:
 *
 *   16  "BULKHEAD-SEALED1"
 *   16  salt for the key
 *   24  the stream's header
 *       chunks of 65536 bytes and 17 more; the last one may be shorter, and is marked as the last */
#include "config.h"

#include "bh-sealed.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "bh-error.h"

#define MAGIC "BULKHEAD-SEALED1"
#define MAGIC_SIZE 16
#define CHUNK 65536
#define EXTRA crypto_secretstream_xchacha20poly1305_ABYTES
#define HEADER crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define SALT crypto_pwhash_argon2id_SALTBYTES
#define KEY crypto_secretstream_xchacha20poly1305_KEYBYTES
#define LAST crypto_secretstream_xchacha20poly1305_TAG_FINAL
/* Fixed by the format: 256 MiB, three passes. */
#define MEMORY crypto_pwhash_argon2id_MEMLIMIT_MODERATE
#define PASSES crypto_pwhash_argon2id_OPSLIMIT_MODERATE

struct _BhSealer
{
  int fd;
  crypto_secretstream_xchacha20poly1305_state state;
  guint8 plain[CHUNK];
  gsize n;
};

struct _BhOpener
{
  int fd;
  crypto_secretstream_xchacha20poly1305_state state;
  guint8 plain[CHUNK];
  gboolean first, ended;
};

gboolean
bh_sealed_is (int fd)
{
  char start[MAGIC_SIZE];

  return pread (fd, start, sizeof start, 0) == (ssize_t) sizeof start
         && memcmp (start, MAGIC, MAGIC_SIZE) == 0;
}

static gboolean
make_key (guint8 *key, GBytes *passphrase, const guint8 *salt, GError **error)
{
  gsize n;
  const char *text = g_bytes_get_data (passphrase, &n);

  if (sodium_init () >= 0
      && crypto_pwhash_argon2id (key, KEY, text ? text : "", n, salt, PASSES, MEMORY,
                                 crypto_pwhash_argon2id_ALG_ARGON2ID13)
             == 0)
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_NO_MEMORY,
               "Making a key from the passphrase takes %u MiB of memory, which there are not. "
               "Close something and try again.",
               (guint) (MEMORY >> 20));
  return FALSE;
}

static gboolean
write_all (int fd, const guint8 *data, gsize size, GError **error)
{
  while (size > 0)
    {
      ssize_t n = TEMP_FAILURE_RETRY (write (fd, data, size));

      if (n < 0)
        {
          bh_error_set_from_errno (error, errno, "Cannot write the file");
          return FALSE;
        }
      data += n;
      size -= (gsize) n;
    }
  return TRUE;
}

BhSealer *
bh_sealer_new (int fd, GBytes *passphrase, GError **error)
{
  g_autoptr (BhSealer) self = g_new0 (BhSealer, 1);
  guint8 start[MAGIC_SIZE + SALT + HEADER], key[KEY];

  self->fd = fd;
  if (sodium_init () < 0)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "libsodium does not work on this computer");
      return NULL;
    }
  memcpy (start, MAGIC, MAGIC_SIZE);
  randombytes_buf (start + MAGIC_SIZE, SALT);
  if (!make_key (key, passphrase, start + MAGIC_SIZE, error))
    return NULL;
  crypto_secretstream_xchacha20poly1305_init_push (&self->state, start + MAGIC_SIZE + SALT, key);
  sodium_memzero (key, sizeof key);
  return write_all (fd, start, sizeof start, error) ? g_steal_pointer (&self) : NULL;
}

static gboolean
push (BhSealer *self, guint8 tag, GError **error)
{
  guint8 sealed[CHUNK + EXTRA];
  unsigned long long n;

  crypto_secretstream_xchacha20poly1305_push (&self->state, sealed, &n, self->plain, self->n,
                                              (const guint8 *) MAGIC, MAGIC_SIZE, tag);
  self->n = 0;
  return write_all (self->fd, sealed, n, error);
}

gboolean
bh_sealer_write (BhSealer *self, const void *data, gsize size, GError **error)
{
  const guint8 *p = data;

  while (size > 0)
    {
      gsize n;

      /* A full one waits: it may be the last. */
      if (self->n == CHUNK && !push (self, 0, error))
        return FALSE;
      n = MIN (size, CHUNK - self->n);
      memcpy (self->plain + self->n, p, n);
      self->n += n;
      p += n;
      size -= n;
    }
  return TRUE;
}

gboolean
bh_sealer_finish (BhSealer *self, GError **error)
{
  return push (self, LAST, error);
}

void
bh_sealer_free (BhSealer *self)
{
  sodium_memzero (self, sizeof *self);
  g_free (self);
}

/* As much as there is, up to @size. */
static gssize
read_all (int fd, guint8 *data, gsize size, GError **error)
{
  gsize have = 0;

  while (have < size)
    {
      ssize_t n = TEMP_FAILURE_RETRY (read (fd, data + have, size - have));

      if (n < 0)
        {
          bh_error_set_from_errno (error, errno, "Cannot read the file");
          return -1;
        }
      if (n == 0)
        break;
      have += (gsize) n;
    }
  return (gssize) have;
}

BhOpener *
bh_opener_new (int fd, GBytes *passphrase, GError **error)
{
  g_autoptr (BhOpener) self = g_new0 (BhOpener, 1);
  guint8 start[MAGIC_SIZE + SALT + HEADER], key[KEY];
  gssize n = read_all (fd, start, sizeof start, error);
  gboolean good;

  if (n < 0)
    return NULL;
  if (n < (gssize) sizeof start || memcmp (start, MAGIC, MAGIC_SIZE) != 0)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "The file is not one that was sealed with a passphrase, or it was cut off");
      return NULL;
    }
  self->fd = fd;
  self->first = TRUE;
  if (!make_key (key, passphrase, start + MAGIC_SIZE, error))
    return NULL;
  good = crypto_secretstream_xchacha20poly1305_init_pull (&self->state, start + MAGIC_SIZE + SALT,
                                                          key)
         == 0;
  sodium_memzero (key, sizeof key);
  if (good)
    return g_steal_pointer (&self);
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "The file is damaged");
  return NULL;
}

gssize
bh_opener_read (BhOpener *self, const guint8 **data, GError **error)
{
  guint8 sealed[CHUNK + EXTRA], more;
  unsigned long long n = 0;
  gssize have;
  guint8 tag = 0;

  if (self->ended)
    return 0;
  have = read_all (self->fd, sealed, sizeof sealed, error);
  if (have < 0)
    return -1;
  if (have < (gssize) EXTRA
      || crypto_secretstream_xchacha20poly1305_pull (&self->state, self->plain, &n, &tag, sealed,
                                                     (unsigned long long) have,
                                                     (const guint8 *) MAGIC, MAGIC_SIZE)
             != 0)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   self->first && have >= (gssize) EXTRA
                       ? "The passphrase is wrong, or the file is damaged"
                       : "The file is damaged, or it was cut off. Copy or export it again.");
      return -1;
    }
  self->first = FALSE;
  self->ended = tag == LAST;
  if ((self->ended && read_all (self->fd, &more, 1, NULL) != 0) || (!self->ended && n < CHUNK))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "Something was added to the file after it was made. Copy or export it again.");
      return -1;
    }
  *data = self->plain;
  return (gssize) n;
}

void
bh_opener_free (BhOpener *self)
{
  sodium_memzero (self, sizeof *self);
  g_free (self);
}
