/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkhead-icon: decodes one foreign picture away from the service, and puts an AppVM's badge on it.
 *
 * Standard input is the picture, standard output SIZE × SIZE pixels of RGBA and nothing else: whatever
 * a broken decoder is made to do, all that the service reads has a fixed size and no format. */
#include "config.h"

#include "bh-color.h"
#include "bh-filter.h"
#include "bh-landlock.h"
#include "bh-no-leak-search.h"

#include <errno.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define SIZE 128
#define MAX_BYTES (4 * 1024 * 1024)
#define MAX_SIDE 2048
#define SECONDS 5
#define MEMORY (768UL * 1024 * 1024)
/* The disc in the lower right corner. */
#define BADGE 56
#define RIM 3

static void
limit (int what, rlim_t value)
{
  struct rlimit limits = { value, value };

  setrlimit (what, &limits);
}

/* Decoders are modules, which are loaded when the picture is known; a letter needs a font. */
static gboolean
restrict_files (void)
{
  static const char *const readable[] = { "/usr", "/etc", "/var/cache/fontconfig" };
  int rules = bh_landlock_new ();

  if (rules < 0)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (readable); i++)
    bh_landlock_allow (rules, readable[i], BH_ALLOW_READ);
  return bh_landlock_restrict (rules);
}

static void
confine (void)
{
  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (!restrict_files ())
    g_warning ("this kernel has no Landlock: pictures are decoded with all files in reach");
  if (!bh_filter_install (BH_LEAVE_NOTHING))
    g_warning ("no system call filter: %s", g_strerror (errno));
  prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
#ifndef __SANITIZE_ADDRESS__ /* which reserves far more */
  limit (RLIMIT_AS, MEMORY);
#endif
  limit (RLIMIT_CPU, SECONDS);
  limit (RLIMIT_FSIZE, 0); /* writes no file; a pipe is none */
  limit (RLIMIT_CORE, 0);
  limit (RLIMIT_NOFILE, 64);
  alarm (SECONDS);
}

static void
on_size (GdkPixbufLoader *loader, int width, int height, gpointer data)
{
  gboolean *refused = data;
  GdkPixbufFormat *format = gdk_pixbuf_loader_get_format (loader);
  int largest = MAX (width, height);

  if (width < 1 || height < 1)
    *refused = TRUE;
  else if (format && gdk_pixbuf_format_is_scalable (format))
    gdk_pixbuf_loader_set_size (loader, MAX (1, (int) ((gint64) width * SIZE / largest)),
                                MAX (1, (int) ((gint64) height * SIZE / largest)));
  else if (largest > MAX_SIDE)
    *refused = TRUE;
  if (*refused)
    gdk_pixbuf_loader_set_size (loader, 0, 0); /* nothing more is decoded */
}

static GdkPixbuf *
decode (const guint8 *bytes, gsize size)
{
  g_autoptr (GdkPixbufLoader) loader = gdk_pixbuf_loader_new ();
  gboolean refused = FALSE, whole;
  GdkPixbuf *pixbuf;

  g_signal_connect (loader, "size-prepared", G_CALLBACK (on_size), &refused);
  whole = gdk_pixbuf_loader_write (loader, bytes, size, NULL);
  whole = gdk_pixbuf_loader_close (loader, NULL) && whole;
  pixbuf = whole && !refused ? gdk_pixbuf_loader_get_pixbuf (loader) : NULL;
  return pixbuf ? g_object_ref (pixbuf) : NULL;
}

/* @pixbuf in the middle of a clear square. */
static GdkPixbuf *
fit (GdkPixbuf *pixbuf)
{
  GdkPixbuf *out = gdk_pixbuf_new (GDK_COLORSPACE_RGB, TRUE, 8, SIZE, SIZE);
  int width = gdk_pixbuf_get_width (pixbuf), height = gdk_pixbuf_get_height (pixbuf);
  int largest = MAX (width, height);
  int w = MAX (1, width * SIZE / largest), h = MAX (1, height * SIZE / largest);
  int x = (SIZE - w) / 2, y = (SIZE - h) / 2;

  gdk_pixbuf_fill (out, 0);
  gdk_pixbuf_composite (pixbuf, out, x, y, w, h, x, y, (double) w / width, (double) h / height,
                        GDK_INTERP_BILINEAR, 255);
  return out;
}

/* Drawn by hand, so that it is there also without a decoder for SVG. */
static void
draw_disc (GdkPixbuf *pixbuf, const BhColor *color)
{
  guint8 *pixels = gdk_pixbuf_get_pixels (pixbuf);
  int stride = gdk_pixbuf_get_rowstride (pixbuf);
  double middle = SIZE - BADGE / 2.0, outer = BADGE / 2.0, inner = outer - RIM;

  for (int y = SIZE - BADGE; y < SIZE; y++)
    for (int x = SIZE - BADGE; x < SIZE; x++)
      {
        guint8 *p = pixels + y * stride + x * 4;
        double dx = x + 0.5 - middle, dy = y + 0.5 - middle, square = dx * dx + dy * dy;

        if (square > outer * outer)
          continue;
        p[0] = square > inner * inner ? 255 : color->red;
        p[1] = square > inner * inner ? 255 : color->green;
        p[2] = square > inner * inner ? 255 : color->blue;
        p[3] = 255;
      }
}

static void
draw_letter (GdkPixbuf *pixbuf, const BhColor *color, const char *letter)
{
  g_autofree char *escaped = g_markup_escape_text (letter, -1);
  g_autofree char *svg = g_strdup_printf (
      "<svg xmlns='http://www.w3.org/2000/svg' width='128' height='128'><text x='100' y='112'"
      " font-family='sans-serif' font-weight='bold' font-size='34' text-anchor='middle'"
      " fill='%s'>%s</text></svg>",
      bh_color_text_is_black (color) ? "black" : "white", escaped);
  g_autoptr (GdkPixbuf) text = decode ((const guint8 *) svg, strlen (svg));

  if (text && gdk_pixbuf_get_width (text) == SIZE && gdk_pixbuf_get_height (text) == SIZE)
    gdk_pixbuf_composite (text, pixbuf, 0, 0, SIZE, SIZE, 0, 0, 1, 1, GDK_INTERP_NEAREST, 255);
}

static gboolean
write_pixels (GdkPixbuf *pixbuf)
{
  for (int y = 0; y < SIZE; y++)
    {
      const guint8 *row = gdk_pixbuf_get_pixels (pixbuf) + y * gdk_pixbuf_get_rowstride (pixbuf);

      for (gsize done = 0; done < SIZE * 4;)
        {
          ssize_t n = write (STDOUT_FILENO, row + done, SIZE * 4 - done);

          if (n <= 0)
            return FALSE;
          done += (gsize) n;
        }
    }
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autofree guint8 *bytes = g_malloc (MAX_BYTES);
  g_autoptr (GdkPixbuf) picture = NULL;
  g_autoptr (GdkPixbuf) square = NULL;
  gsize size = 0;
  ssize_t n;
  BhColor color;

  if (argc != 3 || !bh_color_parse (argv[1], &color) || !g_utf8_validate (argv[2], -1, NULL))
    return 2;
  confine ();
  while (size < MAX_BYTES && (n = read (STDIN_FILENO, bytes + size, MAX_BYTES - size)) > 0)
    size += (gsize) n;
  picture = size > 0 && size < MAX_BYTES ? decode (bytes, size) : NULL;
  if (!picture)
    return EXIT_FAILURE;
  square = fit (picture);
  draw_disc (square, &color);
  draw_letter (square, &color, argv[2]);
  return write_pixels (square) ? EXIT_SUCCESS : EXIT_FAILURE;
}
